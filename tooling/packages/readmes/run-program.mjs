// Runs the programs and the commands of pages in a folder with everything that they take for granted.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ASSUMPTIONS } from './exceptions.mjs';
import { root } from './pages.mjs';

const run = promisify(execFile);

/** Between the outputs of blocks. */
const END = '\u0004';

/** No file that a program opened stays open; Linux shows it. */
const CLOSED = `
import { existsSync as thereIs, readdirSync as namesIn, readlinkSync as target } from 'node:fs';
const fileOf = (name) => { try { return target('/proc/self/fd/' + name); } catch { return ''; } };
const left = (thereIs('/proc/self/fd') ? namesIn('/proc/self/fd') : []).map(fileOf).filter((path) => /safetensors|\\.onnx$|\\.json$/.test(path));
if (left.length > 0) throw new Error('left open: ' + left.join(', '));
`;

export const assumptionOf = ({ page, code }) =>
  ASSUMPTIONS.find((entry) => entry.page === page && code.includes(entry.has));

/** The source of a program, with what it takes for granted. */
export function sourceOf(program, separator = '\n') {
  const assumption = assumptionOf(program);
  const code = program.blocks.map((block) => block.code).join(separator);
  return (assumption?.before ?? '') + (assumption?.replace ? code.replace(...assumption.replace) : code);
}

/** Runs a program, or a test file where it is one; resolves to what each of its blocks printed. */
export async function runProgram(folder, name, program, env) {
  const assumption = assumptionOf(program);
  for (const [file, text] of Object.entries(assumption?.beside ?? {}))
    writeFileSync(join(folder, file), text);
  if (assumption?.test !== undefined)
    return runTest(folder, name, program, { ...env, ATTN_CASES: assumption.test });
  writeFileSync(join(folder, `${name}.ts`), sourceOf(program, `\nconsole.log('${END}');\n`) + CLOSED);
  const { stdout } = await run(process.execPath, [`${name}.ts`], { cwd: folder, env, timeout: 110_000 });
  return stdout.split(`${END}\n`);
}

async function runTest(folder, name, program, env) {
  const place = join(folder, 'src', name);
  mkdirSync(place, { recursive: true });
  for (const [file, text] of Object.entries(assumptionOf(program).beside ?? {}))
    writeFileSync(join(place, file), text);
  writeFileSync(join(place, 'example.test.ts'), sourceOf(program));
  writeFileSync(join(place, 'vitest.config.mjs'), 'export default {};');
  const vitest = join(root, 'tooling/packages/node_modules/vitest/vitest.mjs');
  await run(process.execPath, [vitest, 'run'], { cwd: place, env, timeout: 110_000 });
  return [];
}

/** Runs the lines of a shell block of which `attn` is the command; resolves to what they print. */
export async function runCommands(folder, lines, env) {
  const attn = `attn() { '${process.execPath}' '${join(root, 'apps/cli/dist/main.js')}' "$@"; }`;
  const script = [attn, ...lines.map((line) => line.replace(/^npm run (-s )?attn -- /, 'attn '))].join('\n');
  const { stdout } = await run('sh', ['-ec', script], { cwd: folder, env, timeout: 110_000 });
  return stdout;
}
