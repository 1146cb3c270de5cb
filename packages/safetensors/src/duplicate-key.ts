/**
 * `JSON.parse` silently keeps the last of several equal names. In a weights
 * file that would let two readers see two different models. This finds the
 * first repeated name in text that `JSON.parse` has already accepted.
 */

/** Levels of nested objects whose names are compared. Nothing deeper is read. */
const DEPTH = 2;

/** The first name that stands twice in one object of valid JSON `text`, or undefined. */
export function duplicateKey(text: string): string | undefined {
  const names: Set<string>[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{' || c === '[') {
      depth++;
      if (depth <= DEPTH) names[depth] = new Set();
    } else if (c === '}' || c === ']') {
      depth--;
    } else if (c === '"') {
      const end = endOfString(text, i);
      if (depth <= DEPTH && nextIsColon(text, end)) {
        const name: string = JSON.parse(text.slice(i, end));
        if (names[depth].has(name)) return name;
        names[depth].add(name);
      }
      i = end - 1;
    }
  }
  return undefined;
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
