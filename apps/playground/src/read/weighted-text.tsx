/** A page of the text whose words are as dark as the chosen word looks at them. */
import { lookFrom, step, weights } from './read-state.ts';
import { piecesOf } from './pages.ts';

interface WeightedProps {
  readonly text: string;
  readonly range: readonly [number, number];
}

/**
 * Steps of darkness: each is a class of the style sheet, as the policy of the page allows no inline styles.
 */
const STEPS = 8;

/** The words of a page, each a button. */
export function WeightedText({ text, range: [from, to] }: WeightedProps) {
  const { offsets = [], weights: values, token } = weights.value ?? {};
  const most = values?.reduce((greatest, value) => Math.max(greatest, value), 0) ?? 0;
  const tokens = offsets.flatMap((span, i) =>
    span === null || values === undefined
      ? []
      : [{ start: span[0], end: span[1], weight: values[i], isChosen: i === token }],
  );
  const words = tokens.some(({ start, end }) => start < to && end > from)
    ? piecesOf(text, [from, to], tokens)
    : [{ start: from, text: text.slice(from, to), mark: undefined }];
  const choose = (event: MouseEvent): void => {
    const at = placeOf(event);
    if (at !== undefined && step.value === undefined) void lookFrom(at);
  };
  const press = (event: KeyboardEvent): void => {
    const at = event.key === 'Enter' ? (placeOfSelection() ?? from) : neighbour(event.key);
    if (at === undefined || step.value !== undefined) return;
    event.preventDefault();
    void lookFrom(at);
  };
  return (
    <div
      class="reader choosing"
      role="application"
      aria-label="The text. Enter chooses its first word, or that at the cursor; arrows go to the next word."
      tabIndex={0}
      onClick={choose}
      onKeyDown={press}
    >
      {words.map(({ start, text: piece, mark }) => (
        <span
          key={start}
          data-start={start}
          class={classOf(mark, most)}
          title={mark && `${(100 * mark.weight).toFixed(2)} %`}
        >
          {piece}
        </span>
      ))}
    </div>
  );
}

function classOf(
  mark: { readonly weight: number; readonly isChosen: boolean } | undefined,
  most: number,
): string | undefined {
  if (mark === undefined) return undefined;
  const level = most === 0 ? 0 : Math.round(STEPS * Math.sqrt(mark.weight / most));
  return `weight-${level}${mark.isChosen ? ' chosen' : ''}`;
}

/** The beginning of the token before or after the chosen one. */
function neighbour(key: string): number | undefined {
  const move = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (move === undefined || weights.value === undefined) return undefined;
  return weights.value.offsets[weights.value.token + move]?.[0];
}

/** The place in the text of a text node's character. */
function placeIn(node: Node | null, offset: number): number | undefined {
  const start = node?.parentElement?.dataset.start;
  return start === undefined ? undefined : Number(start) + offset;
}

/** The place of the character under the mouse: `elementFromPoint` knows the word, the caret the letter. */
function placeOf({ clientX, clientY }: MouseEvent): number | undefined {
  const { caretPositionFromPoint, caretRangeFromPoint } = document as Partial<
    Pick<Document, 'caretPositionFromPoint' | 'caretRangeFromPoint'>
  >;
  const position = caretPositionFromPoint?.call(document, clientX, clientY);
  if (position) return placeIn(position.offsetNode, position.offset);
  const range = caretRangeFromPoint?.call(document, clientX, clientY);
  return range ? placeIn(range.startContainer, range.startOffset) : undefined;
}

function placeOfSelection(): number | undefined {
  const selection = getSelection();
  return selection === null ? undefined : placeIn(selection.anchorNode, selection.anchorOffset);
}
