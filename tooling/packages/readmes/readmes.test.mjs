// Every block of code on a page that people read runs as it stands, in a folder where the packages are
// installed, and prints what the page says that it prints.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectedOutput } from '@attn/tooling-vitest/expected-output';
import { useSoftwareVulkan } from '@attn/tooling-vitest/software-vulkan';
import { COMMANDS_NOT_RUN, ELSEWHERE, ASSUMPTIONS, NOT_RUN } from './exceptions.mjs';
import { blocksOf, PAGES, programsOf } from './pages.mjs';
import { runCommands, runProgram } from './run-program.mjs';
import { environmentOf, startStandInHub } from './stand-in-hub.mjs';
import { writeStandIns } from './stand-ins.mjs';

const folder = mkdtempSync(join(tmpdir(), 'attn-readmes-'));
const hub = await startStandInHub();
afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true });
});
await writeStandIns(folder);
Object.assign(process.env, environmentOf(hub, folder));
const withoutGpu = { ...process.env };
await useSoftwareVulkan(); // for the package that cannot do without; elsewhere it would only be probed, slowly

const fits =
  ({ page, code }) =>
  (entry) =>
    entry.page === page && code.includes(entry.has);
const programs = PAGES.flatMap(programsOf);
const runnable = programs.filter((program) => ![...NOT_RUN, ...ELSEWHERE].some(fits(program)));

describe.concurrent('programs', () => {
  test.each(runnable.map((program) => [program.name, program]))(
    '%s',
    { timeout: 120_000 },
    async (name, program) => {
      const env = program.page === 'packages/webgpu/README.md' ? process.env : withoutGpu;
      const printed = await runProgram(folder, name.replaceAll(/\W+/g, '-'), program, env);
      program.blocks.forEach(({ output }, i) => {
        if (output !== undefined) expect((printed[i] ?? '').trimEnd()).toMatch(expectedOutput(output));
      });
    },
  );
});

/** The commands of a block; one may go on over several lines. */
const commandsOf = ({ code }) =>
  code
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

/** Whether a command is in the list of those that are not run. */
const isExcepted = (command) =>
  COMMANDS_NOT_RUN.some(({ begins }) => new RegExp(`^(${begins})`).test(command));

const shells = PAGES.flatMap(blocksOf).filter(({ language }) => language === 'sh');

describe.concurrent('commands', () => {
  const blocks = shells.map((block) => [
    `${block.page}:${block.line}`,
    { ...block, commands: commandsOf(block).filter((command) => !isExcepted(command)) },
  ]);
  const ran = blocks.filter(([, { commands }]) => commands.length > 0);
  test.each(ran)('%s', { timeout: 120_000 }, async (_name, { commands, output }) => {
    for (const command of commands) expect(command).toMatch(/^(npm run (-s )?attn -- |attn )/);
    const printed = await runCommands(folder, commands, withoutGpu);
    if (output !== undefined) expect(printed.trimEnd()).toMatch(expectedOutput(output));
  });
});

const asJson = PAGES.flatMap(blocksOf).filter(({ language }) => language === 'json');
test.each(asJson.map((block) => [`${block.page}:${block.line}`, block.code]))('%s is JSON', (_name, code) => {
  const isWhole = (() => {
    try {
      return JSON.parse(code) !== undefined;
    } catch {
      return false;
    }
  })();
  if (!isWhole) for (const line of code.trim().split('\n')) JSON.parse(line); // a value a line
});

describe('exceptions', () => {
  test.each([...NOT_RUN, ...ELSEWHERE, ...ASSUMPTIONS])('$page: $has fits a program', (entry) => {
    expect(programs.some((program) => fits(program)(entry))).toBe(true);
  });
  test.each(COMMANDS_NOT_RUN)('$begins fits a command', ({ begins }) => {
    expect(shells.flatMap(commandsOf).some((command) => new RegExp(`^(${begins})`).test(command))).toBe(true);
  });
});

const packages = PAGES.filter((page) => page.startsWith('packages/'));
test.each(packages)('%s begins with an example of the package', (page) => {
  expect(programsOf(page)[0].blocks[0].code).toContain(`@attn/${page.split('/')[1]}`);
});
