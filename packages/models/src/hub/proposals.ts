/** The hub's lists of discussions, and which of them is the bot's conversion to safetensors. */

/** An open pull request of the bot. */
interface Proposal {
  /** The number of the pull request: its branch is `refs/pr/<num>`. */
  readonly num: number;
}

/** The title that the bot gives its pull requests. */
const TITLE = 'Adding `safetensors` variant of this model';

/** The bot's name in lower case: it has changed case over the years. */
const BOT = 'sfconvertbot';

/** True for an open pull request in which the bot proposes the weights in safetensors. */
export function isConversionProposal(discussion: unknown): discussion is Proposal {
  if (typeof discussion !== 'object' || discussion === null) return false;
  const { num, title, status, isPullRequest, author } = discussion as Partial<Record<string, unknown>>;
  return (
    title === TITLE &&
    status === 'open' &&
    isPullRequest === true &&
    Number.isSafeInteger(num) &&
    Number(num) > 0 &&
    typeof author === 'object' &&
    author !== null &&
    'name' in author &&
    typeof author.name === 'string' &&
    author.name.toLowerCase() === BOT
  );
}

/** A page of discussions. Anything but a page is an empty one. */
export function readPage(answer: unknown): {
  readonly discussions: readonly unknown[];
  readonly hasMore: boolean;
} {
  const { discussions, count, start } = (answer ?? {}) as Partial<Record<string, unknown>>;
  if (!Array.isArray(discussions)) return { discussions: [], hasMore: false };
  const end = Number(start) + discussions.length;
  return { discussions, hasMore: discussions.length > 0 && end < Number(count) };
}
