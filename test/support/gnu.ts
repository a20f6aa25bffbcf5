// For tests that run on this host what otherwise runs in a guest, which is Linux.
export const onGnu = process.platform === 'linux' ? {} : { skip: 'made for GNU tools' }
