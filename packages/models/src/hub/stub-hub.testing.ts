/**
 * A hub for tests, on two ports: the hub itself, and the host to which it redirects for large files. It has
 * models with revisions and pull requests, and every fault that a hub or the line to it may have.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Files by name. */
export type StubFiles = ReadonlyMap<string, Uint8Array>;

/** A revision of a model. */
export interface StubRevision {
  readonly commit: string;
  readonly files: StubFiles;
}

/** A discussion or a pull request, as the hub lists it. */
export interface StubDiscussion {
  readonly num: number;
  readonly title: string;
  readonly status: string;
  readonly isPullRequest: boolean;
  readonly author: { readonly name: string };
}

/** A model on the hub. */
export interface StubModel {
  readonly id: string;
  /** Revisions by name: `main`, `refs/pr/4`. Commits need no entry of their own. */
  readonly revisions: ReadonlyMap<string, StubRevision>;
  readonly discussions?: readonly StubDiscussion[];
  /** The token that may read it; `gated` also asks for the terms to be accepted. */
  readonly token?: string;
  readonly gated?: boolean;
}

/** A fault of the answers whose address contains `url`. */
export interface Fault {
  /** A part of the address: `/resolve/`, `model.safetensors`, `/discussions`. */
  readonly url: string;
  /** How many answers have the fault. Default: all. */
  times?: number;
  /** Answers with this status. */
  readonly status?: number;
  /** Headers of that answer, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The text of that answer. */
  readonly text?: string;
  /** Never answers. */
  readonly mute?: true;
  /** Sends nothing after so many bytes, and leaves the connection open. */
  readonly silentAfter?: number;
  /** Breaks the connection after so many bytes. */
  readonly cutAfter?: number;
  /** Answers a request for a range with status 200 and all bytes. */
  readonly ignoresRanges?: true;
  /** Answers a request for a range with status 416. */
  readonly refusesRanges?: true;
  /** Sends other bytes than the hash promises. */
  readonly spoils?: true;
  /** Sends this many bytes too many. */
  readonly surplus?: number;
  /** Holds the rest back after so many bytes of an answer; see `StubHub.hold`. */
  readonly held?: { readonly after: number; readonly until: Promise<void> };
}

/** A hub that is running. */
export interface StubHub {
  readonly url: string;
  /** The host of large files. */
  readonly cdnUrl: string;
  /** Every request: `GET /org/name/resolve/main/config.json bytes=5-`. */
  readonly requests: readonly string[];
  /** Every request to the host of large files that had the header Authorization. */
  readonly leaks: readonly string[];
  /** Faults, which tests add and remove. */
  readonly faults: Fault[];
  /**
   * Adds a fault: answers whose address contains `url` stop after so many bytes, and go on when the returned
   * function is called, with the faults of `more`. What a test does meanwhile happens in the middle of a
   * download, on any machine.
   */
  hold(url: string, after: number, more?: Partial<Fault>): () => void;
  close(): Promise<void>;
}

/** Options of a hub. */
export interface StubOptions {
  /** Whether large files are on another host, to which the hub redirects. Default true. */
  readonly redirects?: boolean;
  /** Discussions on one page. Default 10. */
  readonly pageLength?: number;
}

/** Names of large files: they have a SHA-256, and lie on the other host. */
const LARGE = /\.(safetensors|bin)$/;

/** The most bytes that are written at once. */
const PIECE = 65_536;

/** Starts a hub. */
export async function startStubHub(
  models: readonly StubModel[],
  options: StubOptions = {},
): Promise<StubHub> {
  const hub = new Stub(models, options);
  await hub.start();
  return hub;
}

/** The title that the hub's bot gives its pull requests. */
export const BOT_TITLE = 'Adding `safetensors` variant of this model';

/** The pull request of the hub's bot, or one that differs from it. */
export function botProposal(num: number, change: Partial<StubDiscussion> = {}): StubDiscussion {
  const author = { name: 'SFconvertbot' };
  return { num, title: BOT_TITLE, status: 'open', isPullRequest: true, author, ...change };
}

/** A commit of a word in hexadecimal letters: `c0ffee`. */
export function commitOf(word: string): string {
  return word.padEnd(40, '0');
}

class Stub implements StubHub {
  readonly requests: string[] = [];
  readonly leaks: string[] = [];
  readonly faults: Fault[] = [];
  url = '';
  cdnUrl = '';
  private readonly models: readonly StubModel[];
  private readonly options: StubOptions;
  private readonly servers: readonly Server[];

  constructor(models: readonly StubModel[], options: StubOptions) {
    this.models = models;
    this.options = options;
    this.servers = [0, 1].map((host) =>
      createServer((request, response) => this.receive(host, request, response)),
    );
  }

  async start(): Promise<void> {
    for (const server of this.servers) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    [this.url, this.cdnUrl] = this.servers.map(
      (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
  }

  async close(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }

  hold(url: string, after: number, more: Partial<Fault> = {}): () => void {
    let goOn = (): void => {};
    const until = new Promise<void>((resolve) => (goOn = resolve));
    this.faults.push({ ...more, url, held: { after, until } });
    return goOn;
  }

  private receive(host: number, request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', '*, Authorization');
    response.setHeader('Access-Control-Expose-Headers', 'Content-Range, ETag, X-Error-Code');
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    this.requests.push([request.method, request.url, request.headers.range].filter(Boolean).join(' '));
    if (host === 1 && request.headers.authorization !== undefined) this.leaks.push(request.url ?? '');
    const fault = this.faultOf(request.url ?? '');
    if (fault?.mute) return;
    if (fault?.status !== undefined) {
      return void response.writeHead(fault.status, fault.headers).end(fault.text ?? '');
    }
    const answer =
      host === 0 ? this.answer(request, response, fault) : this.sendLarge(request, response, fault);
    void answer.catch(() => response.destroy());
  }

  private faultOf(url: string): Fault | undefined {
    const fault = this.faults.find(({ url: part, times = Infinity }) => times > 0 && url.includes(part));
    if (fault?.times !== undefined) fault.times -= 1;
    return fault;
  }

  private async answer(request: IncomingMessage, response: ServerResponse, fault?: Fault): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://hub');
    const model = this.models.find(({ id }) =>
      `${pathname.replace('/api/models', '')}/`.startsWith(`/${id}/`),
    );
    if (model === undefined) return refuse(response, 404, 'RepoNotFound');
    const { authorization } = request.headers;
    // Everybody may list the files of a gated model.
    const isOpen = model.token === undefined || (model.gated && !pathname.includes('/resolve/'));
    if (!isOpen && authorization !== `Bearer ${model.token}`) {
      return refuse(
        response,
        authorization === undefined ? 401 : 403,
        model.gated ? 'GatedRepo' : 'RepoNotFound',
      );
    }
    const rest = pathname.slice(pathname.indexOf(model.id) + model.id.length + 1).split('/');
    const [kind, revisionName = ''] = rest.map(decodeURIComponent);
    if (kind === 'discussions') return this.list(response, model, Number(searchParams.get('p')));
    const revision = revisionOf(model, revisionName);
    if (revision === undefined) return refuse(response, 404, 'RevisionNotFound');
    const path = rest.slice(2).map(decodeURIComponent).join('/');
    if (kind === 'revision') {
      const siblings = [...revision.files.keys()].map((rfilename) => ({ rfilename }));
      return json(response, { _id: '1', id: model.id, sha: revision.commit, siblings, private: false });
    }
    if (kind === 'paths-info') {
      const { paths } = JSON.parse(await textOf(request)) as { readonly paths: readonly string[] };
      const some = paths.filter((path) => revision.files.has(path));
      return json(
        response,
        some.map((path) => describe(path, revision.files.get(path) ?? new Uint8Array(0))),
      );
    }
    const bytes = kind === 'resolve' ? revision.files.get(path) : undefined;
    if (bytes === undefined) return refuse(response, 404, 'EntryNotFound');
    const { redirects = true } = this.options;
    if (!redirects || !LARGE.test(path)) return this.send(request, response, bytes, fault);
    response.writeHead(302, { Location: `${this.cdnUrl}${request.url}` }).end();
  }

  private async sendLarge(request: IncomingMessage, response: ServerResponse, fault?: Fault): Promise<void> {
    const path = decodeURIComponent(request.url ?? '');
    for (const model of this.models) {
      const prefix = `/${model.id}/resolve/`;
      if (!path.startsWith(prefix)) continue;
      for (const [name, { commit, files }] of model.revisions) {
        for (const [file, bytes] of files) {
          const isHere = [name, commit].some((revision) => path === `${prefix}${revision}/${file}`);
          if (isHere) return this.send(request, response, bytes, fault);
        }
      }
    }
    response.writeHead(404).end();
  }

  private list(response: ServerResponse, model: StubModel, page: number): void {
    const { pageLength = 10 } = this.options;
    const { discussions = [] } = model;
    const start = page * pageLength;
    const some = discussions.slice(start, start + pageLength);
    json(response, { discussions: some, count: discussions.length, start });
  }

  /** Sends bytes, or the range that was requested, with the faults of the answer. */
  private async send(
    request: IncomingMessage,
    response: ServerResponse,
    whole: Uint8Array,
    fault: Fault = { url: '' },
  ): Promise<void> {
    const [, from] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
    const [, , to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const isRange = from !== undefined && !fault.ignoresRanges;
    const start = isRange ? Number(from) : 0;
    if (isRange && (fault.refusesRanges || start >= whole.length)) {
      return void response.writeHead(416, { 'Content-Range': `bytes */${whole.length}` }).end();
    }
    const end = isRange && to !== undefined ? Math.min(Number(to) + 1, whole.length) : whole.length;
    let bytes = whole.slice(start, end);
    if (fault.spoils) bytes = bytes.map((byte) => byte ^ 1);
    if (fault.surplus !== undefined) bytes = Buffer.concat([bytes, new Uint8Array(fault.surplus)]);
    const headers = { ETag: `"${sha256(whole)}"`, 'Content-Length': bytes.length, 'Accept-Ranges': 'bytes' };
    const range = { 'Content-Range': `bytes ${start}-${end - 1}/${whole.length}` };
    response.writeHead(isRange ? 206 : 200, isRange ? { ...headers, ...range } : headers);
    const most = Math.min(fault.cutAfter ?? Infinity, fault.silentAfter ?? Infinity, bytes.length);
    const { after, until } = fault.held ?? { after: 0, until: undefined };
    for (let at = 0; ;) {
      if (at === after) await until;
      if (at === most) break;
      const end = Math.min(at + PIECE, at < after ? after : most, most);
      if (response.destroyed) return;
      await new Promise<void>((resolve) => void response.write(bytes.subarray(at, end), () => resolve()));
      at = end;
    }
    if (fault.silentAfter !== undefined) return;
    if (fault.cutAfter === undefined) return void response.end();
    // A client forgets what it has received but not read when the connection breaks.
    await sleep(20);
    response.destroy();
  }
}

function revisionOf({ revisions }: StubModel, name: string): StubRevision | undefined {
  return revisions.get(name) ?? [...revisions.values()].find(({ commit }) => commit === name);
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'X-Error-Code': code, 'Content-Type': 'application/json' })
    .end('{"error":"no"}');
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The hub's description of a file: SHA-256 for large files, git's SHA-1 for all. */
function describe(path: string, bytes: Uint8Array): object {
  const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  const file = { type: 'file', path, size: bytes.length, oid };
  if (!LARGE.test(path)) return file;
  return { ...file, lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 1 } };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
