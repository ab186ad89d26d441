export type { ArchiveFile } from './archive-file.ts';
export { debPackage } from './deb.ts';
export type { SystemPackage } from './package-facts.ts';
export { rpmPackage } from './rpm.ts';
export { tarArchive } from './tar.ts';
export { zipArchive } from './zip.ts';
