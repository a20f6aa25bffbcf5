import assert from 'node:assert/strict'
import test from 'node:test'
import { checkStartsFromDvmBase, lineOfStep, parseContainerfile } from '../../src/core/containerfile.ts'
import type { DvmError } from '../../src/core/errors.ts'

const shape = (text: string): string[] =>
  parseContainerfile(text).map(({ name, value, line }) => `${line} ${name} ${value}`)

const parsed: readonly [string, string, readonly string[]][] = [
  ['names in any case', 'from dvm-base\nRun a', ['1 FROM dvm-base', '2 RUN a']],
  [
    'continuations, with comments and blank lines in them',
    'FROM x\nRUN a \\\n  # why\n\n   && b \\\n   && c\nCOPY a b\n',
    ['1 FROM x', '2 RUN a    && b    && c', '7 COPY a b'],
  ],
  ['blanks after the escape character', 'RUN a \\  \n  b\nUSER u', ['1 RUN a   b', '3 USER u']],
  ['words that a continuation cuts, glued as podman does', 'RUN ab\\\ncd\\\n ef', ['1 RUN abcd ef']],
  [
    'Windows line ends and a byte order mark',
    '\uFEFFFROM x\r\nRUN a \\\r\n b\r\n',
    ['1 FROM x', '2 RUN a  b'],
  ],
  ['a continuation at the end of the file', 'FROM x\nRUN a \\', ['1 FROM x', '2 RUN a']],
  ['comments with a continuation sign', '# x \\\nFROM y', ['2 FROM y']],
  [
    'another escape character',
    '# escape=`\nFROM x\nRUN a `\n  b\\\nUSER u',
    ['2 FROM x', '3 RUN a   b\\', '5 USER u'],
  ],
  [
    'an escape directive only at the very top',
    '# syntax=docker/dockerfile:1\n# Escape = `\nRUN a `\n b',
    ['3 RUN a  b'],
  ],
  [
    'an escape directive that comes too late',
    '# a word\n# escape=`\nRUN a `\nUSER u',
    ['3 RUN a `', '4 USER u'],
  ],
  [
    'here-documents',
    'FROM x\nRUN <<EOF\nFROM y\n  EOF\nEOF\nUSER u',
    ['1 FROM x', '2 RUN <<EOF', '6 USER u'],
  ],
  [
    'here-documents with tabs, quotes and company',
    'COPY <<-"A" <<B /x/\nFROM a\n\tA\nFROM b\nB\nRUN 3<<C cat &&\\\n true\nFROM c\nC\nUSER u',
    ['1 COPY <<-"A" <<B /x/', '6 RUN 3<<C cat && true', '10 USER u'],
  ],
  [
    'what only looks like a here-document',
    'RUN cat <<< "x"\nRUN echo $((1<<4)) "a<<b"\nENV A=<<EOF\nFROM z',
    ['1 RUN cat <<< "x"', '2 RUN echo $((1<<4)) "a<<b"', '3 ENV A=<<EOF', '4 FROM z'],
  ],
  [
    'here-documents only where a word begins with one',
    [
      'RUN n=4; echo $((1<<n)) "see <<EOF" \\<<B',
      'RUN cat << EOF && cat <<"" && a=b<<C',
      "RUN echo don't <<EOF",
      'RUN ["cat", "<<EOF"]',
      'USER u',
    ].join('\n'),
    [
      '1 RUN n=4; echo $((1<<n)) "see <<EOF" \\<<B',
      '2 RUN cat << EOF && cat <<"" && a=b<<C',
      "3 RUN echo don't <<EOF",
      '4 RUN ["cat", "<<EOF"]',
      '5 USER u',
    ],
  ],
  [
    'end words of all kinds',
    'RUN <<"END-1" <<\'a b\' <<E.x\nFROM a\nEND-1\nFROM b\na b\nFROM c\nE.x\nONBUILD RUN <<E\nFROM d\nE\nUSER u',
    ['1 RUN <<"END-1" <<\'a b\' <<E.x', '8 ONBUILD RUN <<E', '11 USER u'],
  ],
  ['nothing', '\n# only a comment\n\n', []],
]
for (const [what, text, wanted] of parsed) test(`reads ${what}`, () => assert.deepEqual(shape(text), wanted))

const good: readonly string[] = [
  'FROM dvm-base',
  '# mine\n\nfrom   dvm-base:latest\nRUN true',
  'FROM localhost/dvm-base:latest',
  'FROM localhost/dvm-base AS base',
  'FROM --platform=linux/amd64 dvm-base',
  'ARG BASE=dvm-base\nFROM ${BASE}',
  'ARG B\nFROM ${B:-dvm-base}',
  'ARG B=\nFROM ${B:-dvm-base}',
  'ARG B=x\nFROM ${B:+dvm-base}',
  'ARG A=1 B=dvm-base\nFROM ${B}',
  'ARG NAME=dvm-base\nARG BASE=localhost/$NAME\nFROM $BASE',
  'FROM "dvm-base"',
  'ARG REGISTRY\nFROM ${REGISTRY}dvm-base$TAG',
  'FROM dvm-base${TAG}',
  'ARG V=1.2\nFROM dvm-${V%.*}',
  'FROM a AS x\nRUN echo ${X:-a <<EOF}\nFROM dvm-base',
  "FROM dvm-base AS it's",
  'ARG TAG="latest"\nFROM dvm-base:$TAG',
  'FROM golang:1 AS build\nRUN go build\nFROM dvm-base\nCOPY --from=build /x /x',
  'FROM dvm-base AS Tools\nRUN a\nFROM tools as final\nFROM FINAL',
]
for (const text of good)
  test(`accepts ${JSON.stringify(text)}`, () => checkStartsFromDvmBase(text, '/b/Containerfile'))

const bad: readonly [string, string][] = [
  ['', '/b/Containerfile has no FROM line'],
  ['RUN true', '/b/Containerfile has no FROM line'],
  ['FROM fedora:44', '/b/Containerfile:1: the image is made FROM fedora:44, not FROM dvm-base'],
  [
    'FROM dvm-base\nRUN a\nFROM scratch',
    '/b/Containerfile:3: the image is made FROM scratch, not FROM dvm-base',
  ],
  ['FROM quay.io/dvm-base', '/b/Containerfile:1: the image is made FROM quay.io/dvm-base, not FROM dvm-base'],
  ['FROM dvm-base:v2', '/b/Containerfile:1: the image is made FROM dvm-base:v2, not FROM dvm-base'],
  [
    'ARG B=alpine\nFROM ${B:-dvm-base}',
    '/b/Containerfile:2: the image is made FROM ${B:-dvm-base}, not FROM dvm-base',
  ],
  ['FROM ${B:+dvm-base}', '/b/Containerfile:1: the image is made FROM ${B:+dvm-base}, not FROM dvm-base'],
  ['FROM ${BASE}', '/b/Containerfile:1: the image is made FROM ${BASE}, not FROM dvm-base'],
  ['FROM alpine AS b\nFROM b', '/b/Containerfile:2: the image is made FROM b, not FROM dvm-base'],
  // A stage's name hides an image of that name, as it does for podman.
  [
    'FROM alpine AS dvm-base\nFROM dvm-base',
    '/b/Containerfile:2: the image is made FROM dvm-base, not FROM dvm-base',
  ],
  ['FROM', '/b/Containerfile:1: the image is made FROM , not FROM dvm-base'],
]
for (const [text, message] of bad)
  test(`refuses ${JSON.stringify(text)}`, () =>
    assert.throws(
      () => checkStartsFromDvmBase(text, '/b/Containerfile'),
      (error: DvmError) => {
        assert.deepEqual(
          { code: error.code, message: error.message, hint: error.hint },
          { code: 'config', message, hint: 'make its last stage start with: FROM dvm-base' },
        )
        return true
      },
    ))

test('finds the line of a step as podman prints it', () => {
  const text = [
    '# tools',
    'from dvm-base as base',
    'ENV A=1',
    'RUN dnf5 install -y \\',
    '      git \\',
    '      # editors',
    '      vim \\',
    '    && dnf5 clean all',
    'RUN <<EOF',
    'set -e',
    'false',
    'EOF',
    'COPY a  /b',
  ].join('\n')
  // Texts of `STEP n/m:` lines of podman 5: continuations joined, here-documents summed up in brackets.
  const steps: readonly [string, number | undefined][] = [
    ['FROM dvm-base AS base', undefined],
    ['FROM dvm-base as base', 2],
    ['ENV A=1', 3],
    ['RUN dnf5 install -y       git       vim     && dnf5 clean all', 4],
    ['RUN <<EOF (set -e...)', 9],
    ['COPY a  /b', 13],
    ['RUN something else', undefined],
    ['', undefined],
  ]
  assert.deepEqual(
    steps.map(([step]) => [step, lineOfStep(text, step)]),
    steps,
  )
})
