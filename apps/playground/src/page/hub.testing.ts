/** A hub for the page, with one model: the page's policy allows no other address than the real one's. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Request } from 'playwright-core';

const COMMIT = 'c0ffee'.padEnd(40, '0');

/** What the hub answers: JSON, a file, or undefined for what it does not have. */
type Answer = { readonly json: unknown } | { readonly file: Buffer } | undefined;

/** Answers what the pages of a context ask the real hub, as if it had the model of a folder, and no other. */
export async function stubHub(context: BrowserContext, id: string, folder: string): Promise<void> {
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  const allowed = { 'access-control-allow-origin': '*', 'access-control-expose-headers': '*' };
  await context.route('https://huggingface.co/**', async (route) => {
    const answer = answerOf(id, files, route.request());
    if (answer === undefined) {
      const headers = { ...allowed, 'x-error-code': 'RepoNotFound' };
      await route.fulfill({ status: 404, headers, json: { error: 'there is none' } });
    } else if ('json' in answer) await route.fulfill({ headers: allowed, json: answer.json });
    else {
      const { range } = route.request().headers();
      await route.fulfill(partOf(answer.file, range, allowed));
    }
  });
}

function answerOf(id: string, files: ReadonlyMap<string, Buffer>, request: Request): Answer {
  const { pathname } = new URL(request.url());
  const [, rest] = pathname.split(`/${id}/`);
  const [kind, , ...path] = (rest ?? '').split('/');
  const names = [...files.keys()];
  switch (kind) {
    case 'revision':
      return { json: { id, sha: COMMIT, siblings: names.map((rfilename) => ({ rfilename })) } };
    case 'paths-info': {
      const { paths } = request.postDataJSON() as { readonly paths: readonly string[] };
      return { json: paths.flatMap((name) => describe(name, files.get(name))) };
    }
    case 'resolve': {
      const file = files.get(path.join('/'));
      return file && { file };
    }
    default:
      return undefined;
  }
}

/** The hub's description of a file; none for a name that it does not have. */
function describe(path: string, bytes: Buffer | undefined): readonly object[] {
  if (bytes === undefined) return [];
  const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  return [{ type: 'file', path, size: bytes.length, oid }];
}

/** A file, or the part of it that was asked for. */
function partOf(file: Buffer, range: string | undefined, headers: Readonly<Record<string, string>>) {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (from === undefined) return { headers: { ...headers }, body: file };
  const end = to === '' ? file.length : Math.min(file.length, Number(to) + 1);
  const place = `bytes ${from}-${end - 1}/${file.length}`;
  return {
    status: 206,
    headers: { ...headers, 'content-range': place },
    body: file.subarray(Number(from), end),
  };
}
