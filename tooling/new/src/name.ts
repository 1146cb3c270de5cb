/** The ways in which one name is written: files are kebab-case, functions camelCase, types PascalCase. */

export interface Name {
  /** `block-diagonal` */
  readonly kebab: string;
  /** `blockDiagonal` */
  readonly camel: string;
  /** `BlockDiagonal` */
  readonly pascal: string;
  /** `Block diagonal` */
  readonly words: string;
}

/** Reads a name written in kebab-case or camelCase; undefined if it is neither. */
export function parseName(text: string): Name | undefined {
  const kebab = text.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(kebab)) return undefined;
  const camel = kebab.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const words = kebab.replaceAll('-', ' ');
  return {
    kebab,
    camel,
    pascal: camel[0].toUpperCase() + camel.slice(1),
    words: words[0].toUpperCase() + words.slice(1),
  };
}
