// The Lima instance document: the template that ships with dvm, with the disk to boot from put in as data.
import { parseDocument } from 'yaml'

export interface InstanceDisk {
  /** An immutable path: Lima copies the disk at the first start, not when the instance is made. */
  readonly location: string
  readonly arch: string
}

/** Fills templates/lima.yaml in; its comments stay. */
export const renderInstance = (template: string, disk: InstanceDisk): string => {
  const document = parseDocument(template)
  // No digest: Lima would read the whole disk again for every VM.
  document.set('images', [{ location: disk.location, arch: disk.arch }])
  return document.toString({ lineWidth: 0 })
}
