// The projects of examples/ on this machine: each in a folder of its own, with its packages beside it.
import { cpSync, globSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** A project as `installs` makes it: which of our packages it has installed, and its files by their paths. */
export function projectOf(name) {
  const home = join(root, 'examples', name);
  const read = (file) => readFileSync(join(home, file), 'utf8');
  const { dependencies } = JSON.parse(read('package.json'));
  const packages = Object.keys(dependencies).filter((each) => each.startsWith('@attn/'));
  const files = globSync('**/*.*', { cwd: home, exclude: ['package.json'] });
  return {
    packages: packages.map((each) => each.replace('@attn/', '')),
    files: Object.fromEntries(files.map((file) => [file, read(file)])),
  };
}

/** Copies a project into `folder`, where it finds the packages of this workspace. Returns its new place. */
export function copyExample(name, folder) {
  const place = join(folder, name);
  cpSync(join(root, 'examples', name), place, { recursive: true });
  symlinkSync(join(root, 'tooling/packages/node_modules'), join(place, 'node_modules'));
  return place;
}

/** Presses the button of a project's page, and gives what it then shows. Throws what it complained about. */
export async function press(page, url) {
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (!message.location().url.endsWith('/favicon.ico')) complaints.push(message.text());
  });
  await page.goto(url, { waitUntil: 'networkidle' });
  await page.getByRole('button', { name: 'Compute' }).click();
  const shows = () => document.querySelector('output').textContent || undefined;
  const output = await page.waitForFunction(shows, undefined, { timeout: 60_000 }).catch((error) => {
    throw new Error([String(error), ...complaints].join('\n'));
  });
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  return output.jsonValue();
}
