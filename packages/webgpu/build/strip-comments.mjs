// Removes the comments of WGSL from the built package. They are part of the kernels' text, which no minifier looks
// into, and would be a twelfth of what a page loads. Lines stay where they are, so that source maps hold.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const kernels = join(import.meta.dirname, '../dist/kernels');
for (const name of readdirSync(kernels, { recursive: true })) {
  if (!name.endsWith('.js')) continue;
  const file = join(kernels, name);
  const text = readFileSync(file, 'utf8');
  const stripped = text.replaceAll(/^\s*\/\/ .*$/gm, (line) => line.replaceAll(/[^\n]/g, ''));
  if (stripped !== text) writeFileSync(file, stripped);
}
