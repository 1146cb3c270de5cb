/** A program of the docs that runs in a page, and says what it prints, gets a button that runs it. */
import ts from 'typescript';
import type { MarkdownRenderer } from 'vitepress';
import { RUN_PACKAGES } from '../run/packages.ts';

/** What a program that runs in a page may import. */
const IN_PAGES = new Set(RUN_PACKAGES.map((name) => `@attn/${name}`));

/** What a page does not have, or does not print as Node does. */
const NOT_IN_PAGES = /\bprocess\.|\bBuffer\b|console\.table|\bdocument\.|\bWorker\(|\bself\b/;

/**
 * Whether a block is a program that runs in a page as it stands.
 * @param code TypeScript
 * @param output what the docs say that it prints, if they do
 */
export function runsInPage(code: string, output: string | undefined): boolean {
  const imports = [...code.matchAll(/\bfrom '([^']+)'/g)].map(([, name = '']) => name);
  return (
    output !== undefined &&
    imports.length > 0 &&
    imports.every((name) => IN_PAGES.has(name)) &&
    !NOT_IN_PAGES.test(code)
  );
}

/** Adds the rule to a renderer: the button stands between the program and its output. */
export function runButtons(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('run-buttons', (state) => {
    state.tokens = state.tokens.flatMap((token, index, tokens) => {
      const next = tokens[index + 1];
      const isProgram = token.type === 'fence' && token.info === 'ts';
      const output = next?.type === 'fence' && next.info === 'text' ? next.content : undefined;
      if (!isProgram || !runsInPage(token.content, output)) return [token];
      const button = new state.Token('html_block', '', 0);
      button.content = buttonOf(javaScriptOf(token.content));
      return [token, button];
    });
  });
}

function javaScriptOf(program: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(program, { compilerOptions }).outputText;
}

function buttonOf(program: string): string {
  const code = encodeURIComponent(program);
  return `<div class="run"><button type="button" data-program="${code}">Run</button><output></output></div>\n`;
}
