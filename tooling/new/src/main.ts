/**
 * `npm run new -- pattern|op|pointwise|backend <name>`: writes the first version, which type-checks, and
 * says what is left to do.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { backend } from './backend.ts';
import { type Name, parseName } from './name.ts';
import { op } from './op.ts';
import { pattern } from './pattern.ts';
import { pointwise } from './pointwise.ts';
import { type Scaffold, ScaffoldError, apply } from './scaffold.ts';
import { whyTaken } from './reason.ts';

const root = join(import.meta.dirname, '../../..');
const kinds: Readonly<Record<string, (name: Name, root: string) => Scaffold>> = {
  pattern,
  op,
  pointwise,
  backend,
};

const USAGE = `usage: npm run new -- ${Object.keys(kinds).join('|')} <name>    (a name like block-diagonal)

Writes the first version of a pattern, an op or a backend, which type-checks and passes its tests, changes the files that
list it, and prints what is left to do. A pointwise op is a function of single numbers, such as an activation.`;

function main(args: readonly string[]): number {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const [kind = '', text = '', ...stray] = args;
  const name = parseName(text);
  if (!Object.hasOwn(kinds, kind) || name === undefined || stray.length > 0) {
    const got = args.length === 0 ? 'nothing' : args.join(' ');
    console.error(`[attn/new] expected a kind and a name, got ${got}\n${USAGE}`);
    return 2;
  }
  const reason = whyTaken(kind, name, root);
  if (reason !== undefined) {
    console.error(`[attn/new] ${kind} ${name.kebab}: expected a new name, but ${reason}`);
    return 2;
  }
  try {
    const scaffold = kinds[kind](name, root);
    const files = apply(root, scaffold);
    spawnSync('oxfmt', files, { cwd: root, stdio: 'ignore' });
    for (const file of files) console.log(`  ${file}`);
    console.log(['', 'Next:', ...scaffold.next.map((step, index) => `  ${index + 1}. ${step}`)].join('\n'));
    return 0;
  } catch (error) {
    if (!(error instanceof ScaffoldError)) throw error;
    console.error(`[attn/new] ${kind} ${name.kebab}: ${error.message}`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
