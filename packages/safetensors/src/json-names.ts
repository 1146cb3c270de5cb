/**
 * What `JSON.parse` does not say of the names in a text that it has accepted. It silently keeps the last of
 * several equal names: in a weights file that would let two readers see two different models. And it puts
 * names that are numbers first.
 */

/** Levels of nested objects whose names are compared. Nothing deeper is read. */
const DEPTH = 2;

/** The names in a text of JSON. */
export interface JsonNames {
  /** Names of the outermost object, in the order of the text, up to one that stands twice. */
  readonly names: readonly string[];
  /** The first name that stands twice in one object. */
  readonly duplicate: string | undefined;
}

/** The names in the valid JSON `text` of an object. */
export function namesIn(text: string): JsonNames {
  const names: Set<string>[] = [];
  const outer = new Set<string>();
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{' || c === '[') {
      depth++;
      if (depth <= DEPTH) names[depth] = depth === 1 ? outer : new Set();
    } else if (c === '}' || c === ']') {
      depth--;
    } else if (c === '"') {
      const end = endOfString(text, i);
      if (depth <= DEPTH && nextIsColon(text, end)) {
        const name: string = JSON.parse(text.slice(i, end));
        if (names[depth].has(name)) return { names: [...outer], duplicate: name };
        names[depth].add(name);
      }
      i = end - 1;
    }
  }
  return { names: [...outer], duplicate: undefined };
}

/** Index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

/** In valid JSON, a string is a name exactly when a colon follows. */
function nextIsColon(text: string, index: number): boolean {
  let i = index;
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++;
  return text[i] === ':';
}
