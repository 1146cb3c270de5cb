/** Gathers the pages in one folder: those of the docs, those of the packages, the first one, the API. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { root } from '../repository.ts';
import { writeApi } from './api.ts';
import { doors, type Door } from './doors.ts';
import { firstPage } from './first-page.ts';
import { places } from './places.ts';

/**
 * Writes all pages into `folder`.
 * @param api which entries the API reference has; default: all of the published packages
 */
export async function writePages(folder: string, api: readonly Door[] = doors()): Promise<void> {
  const write = (page: string, text: string): void => {
    mkdirSync(dirname(join(folder, page)), { recursive: true });
    writeFileSync(join(folder, page), text);
  };
  for (const [file, page] of places()) write(page, readFileSync(join(root, file), 'utf8'));
  for (const pictures of ['plots', 'pictures'])
    cpSync(join(root, 'docs', pictures), join(folder, pictures), {
      recursive: true,
      filter: (source) => !source.endsWith('.json'),
    });
  for (const picture of ['apps/playground/public/icon.svg', 'docs/plots/time-against-length.svg'])
    cpSync(join(root, picture), join(folder, 'public', basename(picture)));
  write('index.md', firstPage());
  await writeApi(api, join(folder, 'api'), join(folder, 'tsconfig.json'));
}
