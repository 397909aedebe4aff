// Files that say what a folder is to Galgo.

/** In every data folder, so that a wrong path neither mixes with foreign files nor, with `--fresh`, deletes them. */
export const markerName = 'galgo-data-folder';
export const markerText = 'This folder belongs to Galgo, a message streaming server. Do not change anything in it.\n';

/** In a folder that `galgo import` has begun to fill and not finished, instead of the marker. */
export const unfinishedImportName = 'galgo-import-unfinished';

/** Made by mkfs in the root of a file system. */
export const foreignNamesAllowed: ReadonlySet<string> = new Set(['lost+found']);
