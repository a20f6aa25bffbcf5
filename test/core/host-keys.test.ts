// What a guest prints is data: only a key is a key.
import assert from 'node:assert/strict'
import test from 'node:test'
import { hostKeyMarker, parseHostKey, parsePublicKey, renderKnownHosts } from '../../src/core/host-keys.ts'

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGhvc3RrZXlob3N0a2V5aG9zdGtleWhvc3RrZXkx'

test('takes keys of every kind', () => {
  for (const text of [
    key,
    'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=',
    'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t',
  ])
    assert.equal(parseHostKey(hostKeyMarker + text), text)
})

test('and nothing else', () => {
  const wrong = [
    key,
    '',
    hostKeyMarker,
    `${hostKeyMarker}ssh-ed25519`,
    `${hostKeyMarker}ssh-ed25519 short`,
    `${hostKeyMarker}${key} comment`,
    `${hostKeyMarker}@cert-authority ${key}`,
    `${hostKeyMarker}${key}\n* ${key}`,
    `${hostKeyMarker}*,dvm-other ${key}`,
    `${hostKeyMarker}${key}\0`,
    ` ${hostKeyMarker}${key}`,
  ]
  for (const line of wrong) assert.equal(parseHostKey(line), undefined, JSON.stringify(line))
})

test('known hosts: one line a key, under the alias of the VM', () => {
  assert.equal(renderKnownHosts('app', [key, 'ssh-rsa AAAA', key]), `dvm-app ${key}\ndvm-app ssh-rsa AAAA\n`)
})

test('the key in a .pub file, without its comment', () => {
  assert.equal(parsePublicKey(`${key} lima @ here\n`), key)
  assert.equal(parsePublicKey(`${key}\n`), key)
  for (const text of [
    '',
    '\n',
    'ssh-ed25519',
    `command="id" ${key}`,
    '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA',
  ])
    assert.equal(parsePublicKey(text), undefined, text)
})
