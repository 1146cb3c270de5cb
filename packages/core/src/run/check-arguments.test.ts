import { afterEach, expect, test, vi } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import { AttnError } from '../errors.ts';
import { f32 } from '../tensor.ts';
import { attention } from '../calls/attention.ts';
import { createAttn } from './create-attn.ts';
import { fails, fakeBackend } from './fake-backend.testing.ts';

const q = f32([1, 1, 2, 1], [0, 0]);
const call = { q, k: q, v: q };

afterEach(() => void vi.unstubAllGlobals());

/** What plain JavaScript may pass: anything at all. */
function untyped(value?: unknown): never {
  return value as never;
}

async function setUp() {
  const builder = new GraphBuilder();
  const graph = builder.build({ y: builder.relu(builder.input('x', q)) });
  return { graph, attn: await createAttn({ backends: [fakeBackend('a')] }) };
}

test.each([
  ['nothing', untyped(), /options must be an object with backends, .*, got undefined/],
  ['no list', untyped({}), /backends must be a list of backends such as cpu\(\), got undefined/],
  ['no backend', untyped({ backends: [3] }), /got \[3\]/],
])('createAttn of %s', async (_, options, message) => {
  await expect(createAttn(options)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  });
});

test.each([
  ['attention()', 'INVALID_ARGUMENT', /the call must be an object, got undefined/],
  ['run()', 'INVALID_GRAPH', /a graph made by GraphBuilder.build, got undefined/],
  ['run(graph)', 'INVALID_ARGUMENT', /inputs must be an object of tensors, got undefined/],
  ['run(graph, {}, null)', 'INVALID_ARGUMENT', /options must be an object with .*, got null/],
  ['compile({})', 'INVALID_GRAPH', /got {}/],
  ['explain(3)', 'INVALID_GRAPH', /got 3/],
  ['on("nope")', 'INVALID_ARGUMENT', /there is no event "nope"; known are choice, fallback/],
  ['on("toString")', 'INVALID_ARGUMENT', /there is no event "toString"/],
  ['on("choice")', 'INVALID_ARGUMENT', /a listener must be a function, got undefined/],
])('%s', async (name, code, message) => {
  const { graph, attn } = await setUp();
  const calls: Record<string, () => unknown> = {
    'attention()': () => attn.attention(untyped()),
    'run()': () => attn.run(untyped(), untyped()),
    'run(graph)': () => attn.run(graph, untyped()),
    'run(graph, {}, null)': () => attn.run(graph, {}, untyped(null)),
    'compile({})': () => attn.compile(untyped({})),
    'explain(3)': () => attn.explain(untyped(3)),
    'on("nope")': () => attn.on(untyped('nope'), () => {}),
    'on("toString")': () => attn.on(untyped('toString'), () => {}),
    'on("choice")': () => attn.on('choice', untyped()),
  };
  await expect((async () => calls[name]())()).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

const wrong = () => {
  throw new Error('oops');
};

test('listeners that throw stop neither the call, nor its fallback, nor other listeners', async () => {
  const reportError = vi.fn<(error: unknown) => void>();
  vi.stubGlobal('reportError', reportError);
  const attn = await createAttn({
    backends: [
      fakeBackend('dying', { onRun: fails('DEVICE_LOST') }),
      fakeBackend('next', { milliseconds: 5 }),
    ],
  });
  const targets: string[] = [];
  attn.on('choice', wrong);
  attn.on('fallback', wrong);
  attn.on('fallback', ({ to }) => targets.push(to));
  expect((await attn.attention(call)).backend).toBe('next');
  expect(targets).toEqual(['next']);
  expect(reportError.mock.calls).toEqual(new Array(3).fill([new Error('oops')]));
});

test('what onProgress throws ends the call with that error, on the backend that it began on', async () => {
  const error = new AttnError('DEVICE_LOST', 'app/draw', 'not a device of ours');
  const onProgress = () => {
    throw error;
  };
  const reporting = (name: string, milliseconds: number) =>
    fakeBackend(name, {
      milliseconds,
      onRun: (options) => options?.onProgress?.({ done: 1, total: 1, unit: 'tiles' }),
    });
  const attn = await createAttn({ backends: [reporting('first', 1), reporting('second', 5)] });
  const fallbacks = vi.fn<() => void>();
  attn.on('fallback', fallbacks);
  await expect(attn.attention(call, { onProgress })).rejects.toBe(error);
  const compiled = await attn.compile(attention(call).graph);
  await expect(compiled.run(call, { onProgress })).rejects.toBe(error);
  expect(fallbacks).not.toHaveBeenCalled();
  expect((await attn.attention(call)).backend).toBe('first');
});
