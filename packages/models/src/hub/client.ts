/**
 * The questions that loading asks the Hugging Face hub, in browsers and in Node: which commit is a revision,
 * which files has it, how long are they, and has the hub's bot converted the weights. The hub is not
 * trusted: what it says becomes paths and sizes, so its form is checked.
 */
import { AttnError } from '@attn/core';
import { show, throwIfAborted } from '@attn/core/backend';
import { politeFetch, type Fetch, type Patience } from '@attn/safetensors';
import { checkId, checkRevision, isCommit, isHash, malformed, WHERE } from './names.ts';
import { isConversionProposal, readPage } from './proposals.ts';
import { statusError } from './status-error.ts';

/** The public hub. */
export const HUB_URL = 'https://huggingface.co';

/** Options of a client of the hub. */
export interface HubClientOptions extends Patience {
  /** Where the hub is. Default https://huggingface.co. */
  readonly hubUrl?: string;
  /** For private and gated models. It is sent to the hub, and to no other host. */
  readonly accessToken?: string;
  /** Default: the host's own. */
  readonly fetch?: Fetch;
}

/** A commit of a model, and the names of its files. */
export interface HubRevision {
  readonly commit: string;
  readonly files: readonly string[];
}

/** The hub's description of a file. */
export interface HubFile {
  readonly path: string;
  /** Length in bytes. */
  readonly size: number;
  /** The name in the cache: the SHA-256 of a large file, git's SHA-1 of a small one. */
  readonly hash: string;
}

/** Weights that the hub's bot converted to safetensors and proposed as a pull request. */
export interface Conversion extends HubRevision {
  /** The name of the pull request's branch, such as `refs/pr/4`. */
  readonly revision: string;
}

/** Longest answer that is read, in characters. */
const ANSWER_LIMIT = 64 * 2 ** 20;

/** Most paths in one question. */
const MOST_PATHS = 500;

/** Most pages of pull requests that are read, and most conversions that are looked at. */
const MOST_PAGES = 20;
const MOST_CONVERSIONS = 5;

/** Asks the hub. Requests are sent again when the hub is busy, as `politeFetch` does. */
export class HubClient {
  /** Without a slash at the end. */
  readonly hubUrl: string;
  /** Headers of every request to the hub. `fetch` drops the token where the hub redirects to another host. */
  readonly headers: Readonly<Record<string, string>>;
  /** A polite fetch. */
  readonly fetch: Fetch;
  private readonly attempts: number;
  private readonly signal: AbortSignal | undefined;

  /** Errors: `INVALID_ARGUMENT` for an address that is none, or a token that is none. */
  constructor({ hubUrl = HUB_URL, accessToken, fetch = globalFetch, ...patience }: HubClientOptions = {}) {
    this.hubUrl = checkUrl(hubUrl);
    this.headers = accessToken === undefined ? {} : { Authorization: `Bearer ${checkToken(accessToken)}` };
    this.fetch = politeFetch(WHERE, fetch, patience);
    this.attempts = patience.attempts ?? 3;
    this.signal = patience.signal;
  }

  /**
   * The commit of a branch, a tag or a commit, and its files.
   *
   * Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT` (no permission), `TIMEOUT`, `MALFORMED_FILE`, `ABORTED`.
   */
  async revision(id: string, revision: string): Promise<HubRevision> {
    checkId(id);
    checkRevision(revision);
    const path = `/api/models/${id}/revision/${encodeURIComponent(revision)}`;
    const answer = await this.ask(id, path, `revision ${show(revision)}`);
    const { sha, siblings } = fieldsOf(answer);
    if (!isCommit(sha)) throw malformed(`the hub must name a commit of ${id}, got ${show(sha)}`);
    if (!Array.isArray(siblings)) {
      throw malformed(`the hub must list the files of ${id}, got ${show(siblings)}`);
    }
    const files = siblings.map((sibling: unknown) => {
      const { rfilename } = fieldsOf(sibling);
      if (typeof rfilename === 'string') return rfilename;
      throw malformed(`the hub must name each file of ${id}, got ${show(rfilename)}`);
    });
    return { commit: sha, files };
  }

  /** Sizes and hashes of files, in the order of `paths`. Errors: those of `revision`. */
  async describe(id: string, commit: string, paths: readonly string[]): Promise<readonly HubFile[]> {
    const infos = new Map<unknown, HubFile | undefined>();
    for (let first = 0; first < paths.length; first += MOST_PATHS) {
      const some = paths.slice(first, first + MOST_PATHS);
      const answer = await this.ask(
        id,
        `/api/models/${id}/paths-info/${encodeURIComponent(commit)}`,
        undefined,
        {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ paths: some, expand: false }),
        },
      );
      if (!Array.isArray(answer)) {
        throw malformed(`the hub must describe the files of ${id}, got ${show(answer)}`);
      }
      for (const info of answer.map(fieldsOf)) infos.set(info.path, readFileInfo(info));
    }
    return paths.map((path) => {
      const file = infos.get(path);
      if (file !== undefined) return file;
      throw malformed(`the hub must give the size and the hash of ${path} of ${id}`);
    });
  }

  /**
   * The open pull request in which the hub's own bot proposes the weights in safetensors. It counts only for
   * the commit of `main`, and only while the files that it converted are those of `main`: `bins` are the
   * descriptions of all of PyTorch's files at `commit`. Only reads; a failing look-up finds nothing.
   *
   * Errors: `ABORTED`.
   */
  async conversion(id: string, commit: string, bins: readonly HubFile[]): Promise<Conversion | undefined> {
    try {
      if (bins.length === 0 || (await this.revision(id, 'main')).commit !== commit) return undefined;
      for (const number of await this.proposals(id)) {
        const revision = `refs/pr/${number}`;
        const proposal = await this.revision(id, revision);
        if (!bins.every(({ path }) => proposal.files.includes(path))) continue;
        const converted = await this.describe(
          id,
          proposal.commit,
          bins.map(({ path }) => path),
        );
        if (converted.every(({ hash }, i) => hash === bins[i].hash)) return { ...proposal, revision };
      }
      return undefined;
    } catch (error) {
      if (error instanceof AttnError && error.code !== 'ABORTED') return undefined;
      throw error;
    }
  }

  /** The address of a file at a revision. */
  url(id: string, revision: string, file: string): string {
    const path = file.split('/').map(encodeURIComponent).join('/');
    return `${this.hubUrl}/${id}/resolve/${encodeURIComponent(revision)}/${path}`;
  }

  /** The error of an answer whose status says no. */
  refusal(response: Response, id: string, what?: string): AttnError {
    const { hubUrl, headers } = this;
    return statusError(response, { id, what, hubUrl, hasToken: 'Authorization' in headers });
  }

  /** Numbers of the open pull requests with which the bot proposes a conversion, newest first. */
  private async proposals(id: string): Promise<readonly number[]> {
    const numbers = new Set<number>();
    for (let page = 0, more = true; more && page < MOST_PAGES; page++) {
      const { discussions, hasMore } = readPage(
        await this.ask(id, `/api/models/${id}/discussions?p=${page}`),
      );
      for (const discussion of discussions) if (isConversionProposal(discussion)) numbers.add(discussion.num);
      more = hasMore;
    }
    return [...numbers].sort((a, b) => b - a).slice(0, MOST_CONVERSIONS);
  }

  /** The JSON of an answer. */
  private async ask(id: string, path: string, what?: string, init: RequestInit = {}): Promise<unknown> {
    const url = `${this.hubUrl}${path}`;
    const headers = { ...this.headers, Accept: 'application/json', ...init.headers };
    for (let attempt = 1; ; attempt++) {
      const response = await this.fetch(url, { ...init, headers });
      if (!response.ok) {
        await response.body?.cancel();
        throw this.refusal(response, id, what);
      }
      try {
        return parse(await readText(response), url);
      } catch (cause) {
        throwIfAborted(this.signal, WHERE);
        if (cause instanceof AttnError) throw cause;
        // The connection broke within the answer.
        if (attempt < this.attempts) continue;
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new AttnError('TIMEOUT', WHERE, `${url} could not be read: ${reason}`, { cause });
      }
    }
  }
}

/** Browsers refuse a `fetch` that is called as a method of another object. */
const globalFetch: Fetch = (url, init) => fetch(url, init);

function checkUrl(hubUrl: string): string {
  const url = URL.canParse(hubUrl) ? new URL(hubUrl) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return hubUrl.replace(/\/+$/, '');
  const message = `hubUrl must be the address of a hub, such as ${HUB_URL}, got ${show(hubUrl)}`;
  throw new AttnError('INVALID_ARGUMENT', WHERE, message);
}

/** The token is a secret, so that the error does not repeat it. */
function checkToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const message = `accessToken must be one word of ASCII characters, such as hf_…, got ${token.length} characters`;
  throw new AttnError('INVALID_ARGUMENT', WHERE, message);
}

async function readText(response: Response): Promise<string> {
  if (!response.body) return response.text();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length <= ANSWER_LIMIT) continue;
    await reader.cancel();
    throw malformed(`${response.url} must have at most ${ANSWER_LIMIT} characters`);
  }
}

function parse(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const start = text.trim().slice(0, 60);
    throw malformed(`${url} must be JSON from a hub, got ${show(start)}; is there a proxy in between?`, {
      cause,
    });
  }
}

/** The fields of an object; none of anything else. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function readFileInfo({ path, size, oid, lfs }: Readonly<Record<string, unknown>>): HubFile | undefined {
  const hash = lfs === undefined || lfs === null ? oid : fieldsOf(lfs).oid;
  const isSize = Number.isSafeInteger(size) && Number(size) >= 0;
  return typeof path === 'string' && isSize && isHash(hash) ? { path, size: Number(size), hash } : undefined;
}
