/** Tokens and their ids. */

/** A vocabulary, which may have gaps. */
export class Vocabulary {
  /** Above all ids. */
  readonly idLimit: number;
  private readonly ids: ReadonlyMap<string, number>;
  private readonly tokens: readonly (string | undefined)[];

  constructor(ids: ReadonlyMap<string, number>) {
    const tokens: (string | undefined)[] = [];
    for (const [token, id] of ids) tokens[id] = token;
    this.ids = ids;
    this.tokens = tokens;
    this.idLimit = tokens.length;
  }

  tokenToId(token: string): number | undefined {
    return this.ids.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.tokens[id];
  }

  entries(): Iterable<readonly [string, number]> {
    return this.ids;
  }
}
