# fish completion of dvm. It asks dvm itself what may come next, so it never goes stale.
function __dvm_candidates
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -l candidates (command dvm __complete -- $words "$current" </dev/null 2>/dev/null)
    if test "$candidates" = :path
        # The shell's own file names; after `--option=`, too.
        set -l before (string match -r -- '^--[^=]*=' "$current")
        for path in (__fish_complete_path (string replace -r -- '^--[^=]*=' '' "$current"))
            echo -- "$before$path"
        end
    else
        string join \n -- $candidates
    end
end
complete -c dvm -f -a '(__dvm_candidates)'
