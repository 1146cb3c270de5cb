// `attn task` on models with answers of the originals, and on lines that are wrong.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attnIn, MAIN, spawnIn } from '../cli.testing.ts';

const { ATTN_GOLDENS } = process.env;
const own = fileURLToPath(new URL('../../../../packages/models/goldens/tasks/', import.meta.url));
const goldens = ATTN_GOLDENS === undefined ? own : join(ATTN_GOLDENS, 'tasks');
const model = join(own, 'cls-bert');

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'attn-task-'))));
afterAll(() => rm(folder, { recursive: true }));

interface Case {
  readonly input: object;
  readonly options: object;
  readonly expected: readonly { readonly label: string; readonly score: number }[];
}

type Answer = Case['expected'];

const path = (name: string): string => join(folder, name);
const attn = (...args: readonly string[]) => attnIn(folder, ['task', ...args]);
const classify = (...args: readonly string[]) => attn('text-classification', '--model', model, ...args);
const linesOf = (output: string): readonly unknown[] =>
  output
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

const ids = (await readdir(goldens)).filter((name) => name.startsWith('cls-'));

describe.each(ids)('%s', (id) => {
  test('lines of texts and pairs, as the original labels them', async () => {
    const file = JSON.parse(await readFile(join(goldens, id, 'cases.json'), 'utf8')) as {
      readonly cases: readonly Case[];
    };
    const kinds = new Set(file.cases.map(({ options }) => JSON.stringify(options)));
    for (const kind of kinds) {
      const cases = file.cases.filter(({ options }) => JSON.stringify(options) === kind);
      await writeFile(path('in.jsonl'), cases.map(({ input }) => JSON.stringify(input)).join('\n'));
      const options = JSON.stringify({ ...cases[0].options, truncation: true });
      const args = ['--input', 'in.jsonl', '--output', 'out.jsonl', '--options', options];
      const result = await attn('text-classification', '--model', join(goldens, id), ...args);
      expect(result).toMatchObject({ code: 0, stderr: '' });
      const answers = linesOf(await readFile(path('out.jsonl'), 'utf8')) as readonly Answer[];
      expect(answers).toHaveLength(cases.length);
      for (const [i, answer] of answers.entries()) {
        expect(answer.map(({ label }) => label)).toEqual(cases[i].expected.map(({ label }) => label));
        for (const [k, { score }] of answer.entries())
          expect(Math.abs(score - cases[i].expected[k].score)).toBeLessThan(1e-4);
      }
    }
  });
});

describe('wrong lines', () => {
  test('have their errors in their places, all others their answers, and the exit code says so', async () => {
    const lines = ['{"text":"a"}', 'no JSON', '', '{"text":5}', '{"text":"a","words":1}', '["a"]', '"a"'];
    await writeFile(path('bad.jsonl'), lines.join('\r\n'));
    const { code, stdout, stderr } = await classify('--input', 'bad.jsonl');
    expect(code).toBe(2);
    expect(stderr).toBe('[attn/cli] 4 of 6 inputs could not be answered; their errors are in the output\n');
    const answer = [{ label: expect.any(String), score: expect.any(Number) }];
    expect(linesOf(stdout)).toEqual([
      answer,
      { error: 'line 2 of --input must be JSON, got "no JSON\\r"' },
      { error: expect.stringContaining('text must be a string, got 5') },
      { error: expect.stringContaining('there is no option "words"') },
      { error: 'the input must be a text or { text, text_pair }, got ["a"]' },
      answer,
    ]);
  });

  test('with --json the error is an object, and the output is whole', async () => {
    await writeFile(path('bad.jsonl'), '{}\n{"text":"a"}\n');
    const { code, stdout } = await classify('--input', 'bad.jsonl', '--output', 'bad.out', '--json');
    expect(code).toBe(2);
    const message = '[attn/cli] 1 of 2 inputs could not be answered; its error is in the output';
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'INVALID_ARGUMENT', message } });
    expect(linesOf(await readFile(path('bad.out'), 'utf8'))).toHaveLength(2);
  });
});

describe('inputs', () => {
  test('a file that is one text, and what --json tells of it', async () => {
    await writeFile(path('whale.txt'), '\uFEFF"Call me\nIshmael."\n'.repeat(40));
    const args = ['--input', 'whale.txt', '--output', 'whale.jsonl'];
    const { code, stdout, stderr } = await classify(...args, '--backend', 'cpu', '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      task: 'text-classification',
      architecture: 'BertForSequenceClassification',
      backend: 'cpu',
      lines: 1,
      loadMs: expect.any(Number),
      ms: expect.any(Number),
      output: 'whale.jsonl',
    });
    const [answer] = linesOf(await readFile(path('whale.jsonl'), 'utf8'));
    expect(answer).toEqual([
      { label: expect.any(String), score: expect.any(Number), windows: expect.any(Number) },
    ]);
    expect((await classify(...args)).stdout).toMatch(
      /^model +BertForSequenceClassification\nbackend +\w+\nlines +1\ntime .*\noutput +whale.jsonl\n$/,
    );
  });

  test('no line at all', async () => {
    await writeFile(path('empty.jsonl'), '\n \n');
    expect(await classify('--input', 'empty.jsonl')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('many lines, and one that is longer than what is read at once', async () => {
    const lines = Array.from({ length: 150 }, (_, i) => ({ text: `the whale swims ${'on '.repeat(i % 5)}` }));
    lines[70] = { text: 'é🐋 '.repeat(30_000) };
    await writeFile(path('many.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const { code, stdout } = await classify('--input', 'many.jsonl', '--options', '{"truncation":true}');
    const answers = linesOf(stdout) as readonly Answer[];
    expect([code, answers.length]).toEqual([0, 150]);
    const alone = linesOf((await classifyLine(lines[70])).stdout) as readonly Answer[];
    expect(answers[70][0].score).toBeCloseTo(alone[0][0].score, 5);
  });

  const classifyLine = async (line: object) => {
    await writeFile(path('line.jsonl'), JSON.stringify(line));
    return classify('--input', 'line.jsonl', '--options', '{"truncation":true}');
  };
});

describe('options', () => {
  test('of the task, also in a file', async () => {
    await writeFile(path('one.jsonl'), '{"text":"a"}');
    await writeFile(path('options.json'), '{"top_k":null,"function_to_apply":"sigmoid"}');
    const { stdout } = await classify('--input', 'one.jsonl', '--options', 'options.json');
    expect((linesOf(stdout)[0] as Answer).length).toBeGreaterThan(1);
    const same = await attn('sentiment-analysis', '--model', model, '--input', 'one.jsonl');
    expect(linesOf(same.stdout)).toEqual([linesOf((await classify('--input', 'one.jsonl')).stdout)[0]]);
  });

  test.each([
    [['--options', '{"top_k":0}'], 'top_k must be'],
    [['--options', '{"topk":1}'], 'there is no option "topk"; did you mean top_k?'],
    [['--options', '[1]'], '--options must be an object such as {"top_k":3}, got [1]'],
    [['--options', '{"top_k":'], '--options is not valid JSON'],
    [['--json'], '--json needs --output'],
    [['--html', 'a.html'], '--html is for token-classification and question-answering'],
    [['--output', 'one.jsonl'], '--output must not be the file of --input, got one.jsonl'],
    [['--output', 'none/a'], 'there is no folder none to write none/a to'],
    [['--backend', 'gpu'], '--backend: there is no backend "gpu"'],
  ])('%j are refused before any work', async (args, message) => {
    await writeFile(path('one.jsonl'), '{"text":"a"}');
    const { code, stdout, stderr } = await classify('--input', 'one.jsonl', ...args);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
    if (!args.includes('--json')) expect(stdout).toBe('');
  });

  test('a task that is none, no task, a model that cannot do it, files that are not there', async () => {
    const of = async (...args: readonly string[]) => (await attn(...args)).stderr;
    expect(await of('text-clasification')).toContain('did you mean text-classification?');
    expect(await of('5')).toContain('there is no task "5"; known are text-classification');
    expect(await of()).toContain('missing required args for command task <task>; see attn task --help');
    const other = fileURLToPath(new URL('../bert_masked_lm', `file://${own}`));
    await writeFile(path('one.jsonl'), '{"text":"a"}');
    const masked = await attn('text-classification', '--model', other, '--input', 'one.jsonl');
    expect(masked).toMatchObject({ code: 1, stdout: '' });
    expect(masked.stderr).toContain('needs a model for sequence classification');
    expect(await classify('--input', 'none.jsonl')).toMatchObject({ code: 2, stdout: '' });
    expect((await readdir(folder)).filter((name) => name.includes('tmp'))).toEqual([]);
  });
});

describe('as a process', () => {
  const start = (...args: readonly string[]) =>
    spawn(process.execPath, [MAIN, 'task', 'text-classification', '--model', model, ...args]);

  test('answers standard input while it is open', async () => {
    const child = start('--input', '-', '--backend', 'cpu');
    child.stdout.setEncoding('utf8');
    for (const word of ['calm', 'storm']) {
      child.stdin.write(`{"text":"${word}"}\n`);
      const [answer] = (await once(child.stdout, 'data')) as [string];
      expect(JSON.parse(answer)).toHaveLength(1);
    }
    const rest = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    child.stdin.end('{"text":"the last');
    const [stdout, stderr, [code]] = await rest;
    expect(linesOf(stdout)).toEqual([{ error: expect.stringContaining('line 3 of --input must be JSON') }]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('1 of 3 inputs')]);
  });

  test('a signal ends it, also while it waits for input, and leaves no file', async () => {
    if (process.platform === 'win32') return;
    const child = start('--input', '-', '--output', path('stopped.jsonl'));
    const ended = Promise.all([text(child.stderr), once(child, 'exit')]);
    child.stdin.write('{"text":"a"}\n');
    const isWorking = async () => (await readdir(folder)).some((name) => name.startsWith('stopped.jsonl.'));
    while (!(await isWorking())) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGINT');
    const [stderr, [code]] = await ended;
    expect([code, stderr]).toEqual([130, '[attn/cli] interrupted\n']);
    expect((await readdir(folder)).filter((name) => name.startsWith('stopped'))).toEqual([]);
  });

  test('a reader that has seen enough ends it without an error', async () => {
    const line = '{"text":"the whale swims"}\n';
    await writeFile(path('long.jsonl'), line.repeat(20_000));
    const child = start('--input', path('long.jsonl'), '--backend', 'cpu');
    const ended = Promise.all([text(child.stderr), once(child, 'exit')]);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [stderr, [code]] = await ended;
    expect([code, stderr]).toEqual([0, '']);
  });

  test('help', async () => {
    const { code, stdout } = await spawnIn(folder, ['task', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('$ attn task <task> [options]');
    expect(stdout).toContain('--html <file>');
  });
});
