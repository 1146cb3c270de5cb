// What the routes answer, what they refuse, and what becomes of work when clients or the server go.
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadModel, type TextTokenizer } from '@attn/models/node';
import { describe, expect, test, vi } from 'vitest';
import { createServer } from './index.ts';
import { attn, encoder, ENCODER, post, PROMPTED, scorer, serve, useModels } from './serving.testing.ts';

useModels();

const query = 'what is attention';
const documents = ['Search!', 'the window of attention', 'attention attention'];

describe('/v1/rerank', () => {
  test('by a cross-encoder: the scores of the model, the best first', async () => {
    const url = await serve(scorer);
    const ranked = await scorer.rank(query, documents);
    const { status, body } = await post(`${url}/v1/rerank`, { model: 'tiny', query, documents });
    expect(status).toBe(200);
    expect(body.results).toEqual(ranked.map(({ index, score }) => ({ index, relevance_score: score })));
    const { tokens } = await scorer.predict(documents.map((pair) => ({ text: query, pair })));
    expect(body.usage.total_tokens).toBe(tokens.reduce((a, b) => a + b, 0));
    const top = await post(`${url}/v2/rerank`, {
      query,
      documents: documents.map((text) => ({ text })),
      top_n: 1,
      return_documents: true,
    });
    const [{ index, document }] = ranked;
    expect(top.body.results).toEqual([
      { index, relevance_score: expect.any(Number), document: { text: document } },
    ]);
  });

  test('by vectors: how alike they are, with the prompts of queries and documents', async () => {
    const model = await loadModel(PROMPTED, { attn, for: 'encode' });
    const url = await serve(model);
    const { body } = await post(`${url}/v1/rerank`, { query, documents });
    const q = await model.encode(query, { as: 'query' });
    const d = await model.encode(documents, { as: 'document' });
    const scores = Array.from(model.similarity(q.embeddings, d.embeddings).data);
    const best = scores.indexOf(Math.max(...scores));
    expect(body.results[0].index).toBe(best);
    expect(body.results[0].relevance_score).toBeCloseTo(scores[best], 5);
    const both = await Promise.all(
      ['query', 'document', undefined].map((input_type) =>
        post(`${url}/v1/embeddings`, { input: query, ...(input_type && { input_type }) }),
      ),
    );
    const [first, second] = both.map((answer) => answer.body.data[0].embedding);
    expect(first).not.toEqual(second);
    const expected = await model.encode(query, { as: 'query', normalize: true });
    first.forEach((value: number, i: number) => expect(value).toBeCloseTo(expected.embeddings.data[i], 5));
  });
});

test('/tokenize, /health, /metrics', async () => {
  const url = await serve(encoder);
  const { body } = await post(`${url}/tokenize`, { input: documents });
  const own = documents.map((text) => encoder.tokenizer?.encode(text));
  expect(body.data.map(({ ids }: { ids: number[] }) => ids)).toEqual(own.map((tokens) => tokens?.ids));
  expect(body.data[1].offsets).toEqual(own[1]?.offsets);
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok', model: 'tiny', waiting: 0 });
  await post(`${url}/v1/embeddings`, { input: documents });
  await post(`${url}/v1/embeddings`, { input: 5 });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('attn_request_seconds_count{route="/v1/embeddings",status="200"} 1');
  expect(metrics).toContain('attn_request_seconds_count{route="/v1/embeddings",status="400"} 1');
  expect(metrics).toMatch(/attn_batch_inputs_sum 3\n/);
  expect(metrics).toContain('attn_queue_inputs 0');
  expect(metrics).toContain('process_resident_memory_bytes');
});

test.each([
  ['/v1/embeddings', { input: '' }, 'input', 'input must not be an empty text'],
  ['/v1/embeddings', { input: [] }, 'input', 'input must not be empty'],
  ['/v1/embeddings', { input: ['a', 5] }, 'input', 'input[1] must be a text or a list of ids, got 5'],
  ['/v1/embeddings', { input: { a: 1 } }, 'input', 'input must be a text, a list of texts'],
  ['/v1/embeddings', { input: [1, -1] }, 'input', 'input[1] must be an id, an integer ≥ 0, got -1'],
  ['/v1/embeddings', { input: [[1, 1e9]] }, 'input', 'got 1000000000'],
  ['/v1/embeddings', { input: Array(9).fill('a') }, 'input', 'input must have at most 8 entries, got 9'],
  ['/v1/embeddings', { input: 'a '.repeat(90) }, 'input', 'more than 64 tokens'],
  ['/v1/embeddings', {}, 'input', 'input is required'],
  ['/v1/embeddings', { input: 'a', encoding_format: 'hex' }, 'encoding_format', 'float, base64, got "hex"'],
  ['/v1/embeddings', { input: 'a', dimensions: '8' }, 'dimensions', 'dimensions must be integer, got "8"'],
  ['/v1/rerank', { query, documents: [5] }, 'documents.0', 'got 5'],
  ['/v1/rerank', { query, documents: [] }, 'documents', 'documents must not be empty'],
  ['/v1/rerank', { documents }, 'query', 'query is required'],
  ['/tokenize', { input: [1] }, 'input.0', 'input.0 must be string, got 1'],
])('%s refuses %j', async (path, body, param, message) => {
  const url = await serve(encoder, { maxInputs: 8, maxTokens: 64 });
  const answer = await post(`${url}${path}`, body);
  expect(answer.status).toBe(400);
  expect(answer.body).toEqual({
    error: {
      message: expect.stringContaining(message),
      type: 'invalid_request_error',
      param,
      code: answer.body.error.code,
    },
  });
});

test('a model in workers answers as it does in one thread', async () => {
  await using model = await loadModel(ENCODER, { for: 'encode', workers: { backend: 'cpu', count: 2 } });
  const url = await serve(model, { normalize: false, batchInputs: 2 });
  const texts = ['the window', 'of attention', 'a', 'attention attention', 'b c'];
  const ask = (input: readonly string[]) => post(`${url}/v1/embeddings`, { input });
  const answers = await Promise.all([ask(texts), ask(texts.slice(3)), ask(['d'])]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  const { embeddings } = await encoder.encode(texts);
  const vectors = answers[0].body.data.flatMap(({ embedding }) => embedding);
  expect(vectors).toHaveLength(embeddings.data.length);
  for (const [i, value] of vectors.entries()) expect(value).toBeCloseTo(embeddings.data[i], 5);
});

test('a scorer makes no vectors; other paths and methods are not there', async () => {
  const url = await serve(scorer);
  const answer = await post(`${url}/v1/embeddings`, { input: 'a' });
  expect([answer.status, answer.body.error.code]).toEqual([400, 'unsupported']);
  for (const path of ['/', '/v1/embeddings', '/v1/models/other']) {
    const response = await fetch(`${url}${path}`);
    expect([response.status, (await response.json()).error.type]).toEqual([404, 'invalid_request_error']);
  }
});

test('each text is tokenized once', async () => {
  const texts = ['Search!', 'the window of attention'];
  const [single, pairs] = [encoder, scorer].map(({ tokenizer }) =>
    vi.spyOn(tokenizer as Required<TextTokenizer>, 'encodeSteps'),
  );
  try {
    await post(`${await serve(encoder)}/v1/embeddings`, { input: texts });
    expect(single.mock.calls.map(([text]) => text)).toEqual(texts);
    await post(`${await serve(scorer)}/v1/rerank`, { query, documents: texts });
    const own = pairs.mock.calls.map(([text, options]) => [text, options?.pair]);
    expect(own).toEqual(texts.map((text) => [query, text]));
  } finally {
    single.mockRestore();
    pairs.mockRestore();
  }
});

test('without a key only /health answers', async () => {
  const url = await serve(encoder, { apiKeys: ['secret'] });
  for (const [headers, status] of [
    [{}, 401],
    [{ authorization: 'secret' }, 401],
    [{ authorization: 'Bearer secre' }, 401],
    [{ authorization: 'Bearer secret' }, 200],
  ] as const) {
    expect((await post(`${url}/v1/embeddings`, { input: 'a' }, headers)).status).toBe(status);
    expect((await fetch(`${url}/metrics`, { headers })).status).toBe(status);
  }
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

test('beyond the queue: 429, with the time to try again', async () => {
  const url = await serve(encoder, { maxInputs: 4, maxQueue: 5 });
  const ask = () => post(`${url}/v1/embeddings`, { input: ['a', 'b', 'c', 'd'] });
  // The first run lasts until one of the others is refused.
  let isRefused = false;
  const { encode } = encoder;
  const held = vi.spyOn(encoder, 'encode').mockImplementation(async (...args) => {
    while (!isRefused) await sleep(1);
    return encode.apply(encoder, args);
  });
  const answers = await Promise.all(
    [ask(), ask(), ask()].map(async (asked) => {
      const answer = await asked;
      isRefused ||= answer.status === 429;
      return answer;
    }),
  ).finally(() => held.mockRestore());
  const refused = answers.filter(({ status }) => status === 429);
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1);
  expect(refused.length).toBeGreaterThanOrEqual(1);
  expect(Number(refused[0].headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(refused[0].body.error).toMatchObject({ type: 'rate_limit_error', code: 'rate_limit_exceeded' });
});

test('the work of a client that goes is aborted', async () => {
  const signals: AbortSignal[] = [];
  const slow = vi.spyOn(encoder, 'encode').mockImplementation(async (_, options) => {
    const { signal } = options ?? {};
    if (signal) signals.push(signal);
    while (!signal?.aborted) await sleep(1);
    throw new Error('aborted');
  });
  try {
    const url = await serve(encoder);
    const asking = request(`${url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    asking.on('error', () => {});
    asking.end(JSON.stringify({ input: 'a' }));
    await vi.waitFor(() => expect(signals).toHaveLength(1));
    asking.destroy();
    await vi.waitFor(() => expect(signals[0].aborted).toBe(true));
  } finally {
    slow.mockRestore();
  }
});

test('a failure of the model is a 500 that says nothing of the inside, and the next request is answered', async () => {
  const warnings: string[] = [];
  const url = await serve(encoder, { onWarning: (message) => warnings.push(message) });
  const broken = vi.spyOn(encoder, 'encode').mockRejectedValueOnce(new Error('secret of the inside'));
  const answer = await post(`${url}/v1/embeddings`, { input: 'a' });
  broken.mockRestore();
  expect([answer.status, JSON.stringify(answer.body)]).toEqual([500, expect.not.stringContaining('secret')]);
  expect(warnings).toEqual([expect.stringContaining('secret of the inside')]);
  expect((await post(`${url}/v1/embeddings`, { input: 'a' })).status).toBe(200);
});

test('a closing server answers what has arrived, and refuses what comes after', async () => {
  const server = createServer(encoder, { gatherMs: 200 });
  const url = await server.listen({ port: 0 });
  const asking = post(`${url}/v1/embeddings`, { input: 'a' });
  await vi.waitFor(async () => {
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ waiting: 1 });
  });
  const closing = server.close();
  expect((await asking).status).toBe(200);
  await closing;
  await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
});
