/**
 * `node main.js [--rounds N] [--quick] [--json FILE]`: the webgpu
 * suite alone, which imports nothing but our packages and `webgpu`.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { conditions, toMarkdown } from '../report.ts';
import { webgpuSuite } from '../suites/webgpu.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds must be a positive integer, got ${values.rounds}`);
  process.exit(2);
}
const tables = await webgpuSuite.run({ rounds, quick: values.quick, log: (line) => console.error(line) });
const at = conditions();
process.stdout.write(toMarkdown(tables, at));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ at, tables }, null, 2)}\n`);
