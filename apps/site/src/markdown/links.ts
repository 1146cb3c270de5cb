/**
 * Links of the docs are relative, so that they work in the repository. On the site, those to pages lead to
 * pages, and those to other files to the repository, if its address is known.
 */
import type { MarkdownRenderer } from 'vitepress';
import { targetOf, type Places } from '../pages/places.ts';

/** A token of a line of Markdown. */
type Token = ReturnType<MarkdownRenderer['parse']>[number];

const isElsewhere = (href: string): boolean => /^(?:[a-z]+:|\/)/.test(href);

/** Adds the rule to a renderer. `repository` is an address such as `https://github.com/who/what`. */
export function repositoryLinks(
  markdown: MarkdownRenderer,
  pages: Places,
  repository: string | undefined,
): void {
  const files = new Map([...pages].map(([file, page]) => [page, file]));
  const follow = (token: Token, attribute: string, file: string): void => {
    const href = token.attrGet(attribute);
    if (href === null || isElsewhere(href)) return;
    const target = targetOf(pages, file, href);
    if (target.kind === 'page') token.attrSet(attribute, target.href);
    else if (repository !== undefined) token.attrSet(attribute, `${repository}/blob/main/${target.path}`);
    else token.tag = 'span';
  };
  markdown.core.ruler.push('repository-links', ({ tokens, env }) => {
    const file = files.get(env.relativePath);
    if (file === undefined) return;
    const inline = tokens.flatMap(({ children }) => children ?? []);
    for (const token of inline) {
      if (token.type === 'link_open') follow(token, 'href', file);
      if (token.type === 'image') follow(token, 'src', file);
    }
    endAsBegun(inline);
  });
}

/** A link without a target is a span; it must also end as one. */
function endAsBegun(tokens: readonly Token[]): void {
  let tag = 'a';
  for (const token of tokens) {
    if (token.type === 'link_open') {
      ({ tag } = token);
      if (tag === 'span') [token.type, token.attrs] = ['span_open', null];
    } else if (token.type === 'link_close') token.tag = tag;
  }
}
