// What the hub says is checked before it becomes a path, a size or a name.
import { afterEach, describe, expect, test } from 'vitest';
import { HubClient } from './client.ts';
import { BIN, ID, MAIN, modelOf, WEIGHTS } from './hub-fixture.testing.ts';
import { startStubHub, type StubHub } from './stub-hub.testing.ts';

const answering = (...answers: readonly unknown[]): HubClient => {
  const rest = [...answers];
  const fetch = async (): Promise<Response> => {
    const answer = rest.length > 1 ? rest.shift() : rest[0];
    return answer instanceof Response ? answer : new Response(JSON.stringify(answer));
  };
  return new HubClient({ fetch, attempts: 2 });
};

describe('revisions', () => {
  test.each([
    [{ sha: 'main', siblings: [] }, 'the hub must name a commit of org/name, got "main"'],
    [{ sha: '../../x'.padEnd(40, 'a'), siblings: [] }, 'the hub must name a commit'],
    [null, 'the hub must name a commit of org/name, got undefined'],
    [{ sha: MAIN }, 'the hub must list the files of org/name, got undefined'],
    [{ sha: MAIN, siblings: [{ rfilename: 5 }] }, 'the hub must name each file of org/name, got 5'],
  ])('%j', async (answer, message) => {
    await expect(answering(answer).revision(ID, 'main')).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringContaining(message),
    });
  });

  test('a page of a proxy', async () => {
    await expect(answering(new Response('<!doctype html><p>Log in')).revision(ID, 'main')).rejects.toThrow(
      'https://huggingface.co/api/models/org/name/revision/main must be JSON from a hub, got "<!doctype html><p>Log in"; is there a proxy in between?',
    );
  });

  test('an answer that breaks off is asked for again', async () => {
    const broken = new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('{"sha":'));
          controller.error(new Error('cut'));
        },
      }),
    );
    const client = answering(broken, { sha: MAIN, siblings: [] });
    expect(await client.revision(ID, 'main')).toEqual({ commit: MAIN, files: [] });
  });

  test.each([
    ['../x', 'main', "a model's id must be like org/name"],
    ['a/b/c', 'main', "a model's id must be like org/name"],
    [ID, '../../x', 'a revision must be a branch, a tag or a commit, got "../../x"'],
    [ID, '', 'a revision must be'],
  ])('%s at %s is not asked for', async (id, revision, message) => {
    const client = new HubClient({ fetch: () => Promise.reject(new Error('asked')) });
    await expect(client.revision(id, revision)).rejects.toThrow(message);
  });
});

test.each([
  [[]],
  [{}],
  [[{ path: 'a', size: -1, oid: '1'.repeat(40) }]],
  [[{ path: 'a', size: 1.5, oid: '1'.repeat(40) }]],
  [[{ path: 'a', size: 1, oid: '../x' }]],
  [[{ path: 'a', size: 1, oid: '1'.repeat(40), lfs: { oid: 'x' } }]],
])('a description of a file: %j', async (answer) => {
  await expect(answering(answer).describe(ID, MAIN, ['a'])).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
});

test.each(['huggingface.co', 'file:///tmp', ''])('%j is not the address of a hub', (hubUrl) => {
  expect(() => new HubClient({ hubUrl })).toThrow(
    'hubUrl must be the address of a hub, such as https://huggingface.co',
  );
});

test('addresses', () => {
  const client = new HubClient({ hubUrl: 'https://mirror.example/hf//' });
  expect(client.url(ID, 'refs/pr/4', 'a b/model.safetensors')).toBe(
    'https://mirror.example/hf/org/name/resolve/refs%2Fpr%2F4/a%20b/model.safetensors',
  );
});

describe('a hub', () => {
  let hub: StubHub;
  afterEach(() => hub.close());

  test('describes many files in few questions', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 1_200 }, (_, i) => [`model-${i}.bin`, BIN.subarray(0, i)]),
    );
    hub = await startStubHub([modelOf(files)]);
    const client = new HubClient({ hubUrl: hub.url });
    const infos = await client.describe(ID, 'main', Object.keys(files));
    expect(infos.map(({ size }) => size)).toEqual(Object.values(files).map(({ length }) => length));
    expect(hub.requests.length).toBe(3);
  });

  test('says what it lacks', async () => {
    hub = await startStubHub([modelOf({ 'model.safetensors': WEIGHTS })]);
    const client = new HubClient({ hubUrl: `${hub.url}/` });
    await expect(client.revision('org/other', 'main')).rejects.toThrow(`there is no org/other on ${hub.url}`);
    await expect(client.revision(ID, 'v2')).rejects.toThrow(
      `there is no revision "v2" of org/name on ${hub.url}`,
    );
  });
});
