/** The number of tokens, the number of heads, and the head that is seen. */
import { useEffect, useState } from 'preact/hooks';
import { change, page } from '../state/store.ts';
import { MOST_HEADS } from '../state/url.ts';
import { TextField } from '../ui/field.tsx';
import { count } from '../ui/format.ts';

interface SizeProps {
  readonly label: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly onChange: (value: number) => void;
}

/** An integer; while its text is wrong, the last right value counts. */
export function SizeField({ label, value, least, most, onChange }: SizeProps) {
  const [text, setText] = useState(String(value));
  useEffect(() => setText(String(value)), [value]);
  const read = (typed: string): number | undefined => {
    const number = Number(typed.replaceAll(/[\s,_]/g, ''));
    return typed.trim() !== '' && Number.isSafeInteger(number) && number >= least && number <= most
      ? number
      : undefined;
  };
  const error =
    read(text) === undefined ? `expected an integer from ${count(least)} to ${count(most)}` : undefined;
  const input = (typed: string): void => {
    setText(typed);
    const number = read(typed);
    if (number !== undefined) onChange(number);
  };
  return <TextField label={label} value={text} error={error} isNumber onInput={input} />;
}

/** The sizes of the call. */
export function Sizes({ most }: { readonly most: number }) {
  const { n, heads, head } = page.value;
  return (
    <div class="fields sizes">
      <SizeField
        label="Tokens (n)"
        value={n}
        least={1}
        most={most}
        onChange={(value) => change({ n: value })}
      />
      <SizeField
        label="Heads"
        value={heads}
        least={1}
        most={MOST_HEADS}
        onChange={(value) => change({ heads: value, head: Math.min(head, value - 1) })}
      />
      <SizeField
        label="Head seen"
        value={head}
        least={0}
        most={heads - 1}
        onChange={(value) => change({ head: value })}
      />
    </div>
  );
}
