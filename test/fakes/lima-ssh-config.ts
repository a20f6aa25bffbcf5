// The ssh configuration that Lima 2.2.0 writes beside an instance when it starts, and leaves there when it stops.

export const firstSshPort = 40022

export const limaSshConfig = (
  instance: { readonly name: string; readonly sshPort?: number },
  directory: string,
  limaHome: string,
): string => `# This SSH config file can be passed to 'ssh -F'.
# This file is created by Lima, but not used by Lima itself currently.
# Modifications to this file will be lost on restarting the Lima instance.
Host lima-${instance.name.replaceAll(/[._]/g, '-')}
  IdentityFile "${limaHome}/_config/user"
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  NoHostAuthenticationForLocalhost yes
  PreferredAuthentications publickey
  Compression no
  BatchMode yes
  IdentitiesOnly yes
  GSSAPIAuthentication no
  Ciphers "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
  User user
  ControlMaster auto
  ControlPath "${directory}/ssh.sock"
  ControlPersist yes
  Hostname 127.0.0.1
  Port ${instance.sshPort ?? firstSshPort}
`
