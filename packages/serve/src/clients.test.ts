// The server in the hands of other people's clients: OpenAI's own, and LangChain's.
import { OpenAIEmbeddings } from '@langchain/openai';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { encoder, serve, useModels } from './serving.testing.ts';

useModels();

const texts = ['The whale dived under the boat. 🐳', 'Call me Ishmael.', 'a'];

async function vectorsOf(inputs: readonly (string | readonly number[])[], options: object = {}) {
  const { embeddings, tokens } = await encoder.encode(inputs, { normalize: true, ...options });
  const [count, width] = embeddings.shape;
  const rows = Array.from({ length: count }, (_, i) =>
    Array.from(embeddings.data.subarray(i * width, (i + 1) * width)),
  );
  return { rows, tokens: tokens.reduce((a, b) => a + b, 0) };
}

test('openai: floats, base64, dimensions, ids, usage, models', async () => {
  const client = new OpenAI({ baseURL: `${await serve(encoder)}/v1`, apiKey: 'none', maxRetries: 0 });
  const create = (body: object) =>
    client.embeddings.create({ model: 'tiny', input: texts, ...body } as OpenAI.EmbeddingCreateParams);
  const { rows, tokens } = await vectorsOf(texts);

  // The client asks for base64 on its own, and decodes it.
  const [plain, float, base64] = [
    await create({}),
    await create({ encoding_format: 'float' }),
    await create({ encoding_format: 'base64' }),
  ];
  for (const { data } of [plain, float]) expect(data.map(({ embedding }) => embedding)).toEqual(rows);
  const [{ embedding }] = base64.data as unknown as [{ embedding: string }];
  expect(Array.from(new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer))).toEqual(
    rows[0],
  );
  expect(plain).toMatchObject({
    object: 'list',
    model: 'tiny',
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
  expect(plain.data.map(({ index, object }) => [index, object])).toEqual(
    [0, 1, 2].map((i) => [i, 'embedding']),
  );

  const few = await create({ dimensions: 8 });
  expect(few.data.map((item) => item.embedding)).toEqual((await vectorsOf(texts, { dimensions: 8 })).rows);
  const single = await create({ input: texts[1] });
  expect(single.data[0].embedding).toEqual((await vectorsOf([texts[1]])).rows[0]);
  const ids = texts.map((text) => [...(encoder.tokenizer?.encode(text).ids ?? [])]);
  expect((await create({ input: ids })).data.map((item) => item.embedding)).toEqual(
    (await vectorsOf(ids)).rows,
  );
  expect((await create({ input: ids[1] })).data[0].embedding).toEqual((await vectorsOf([ids[1]])).rows[0]);

  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['tiny']);
  expect(await client.models.retrieve('tiny')).toMatchObject({ object: 'model' });
});

test('openai: its errors are those of its API', async () => {
  const url = await serve(encoder, { apiKeys: ['first', 'second'] });
  const client = (apiKey: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
  const create = (apiKey: string, body: object) =>
    client(apiKey).embeddings.create({ model: 'tiny', input: 'a', ...body } as OpenAI.EmbeddingCreateParams);
  await expect(create('second', {})).resolves.toMatchObject({ model: 'tiny' });
  await expect(create('third', {})).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  await expect(create('first', { model: 'gpt' })).rejects.toMatchObject({
    code: 'model_not_found',
    status: 404,
  });
  await expect(create('first', { input: [] })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  await expect(create('first', { dimensions: 100_000 })).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining('dimensions must be an integer from 1 to 32, got 100000'),
  });
});

test('LangChain: queries and documents', async () => {
  const baseURL = `${await serve(encoder)}/v1`;
  const embeddings = new OpenAIEmbeddings({ model: 'tiny', apiKey: 'none', configuration: { baseURL } });
  const { rows } = await vectorsOf(texts);
  expect(await embeddings.embedDocuments(texts)).toEqual(rows);
  expect(await embeddings.embedQuery(texts[1])).toEqual((await vectorsOf([texts[1]])).rows[0]);
});
