/** A button that copies a text, and says that it has. */
import { useState } from 'preact/hooks';

interface CopyProps {
  readonly label: string;
  /** Makes the text when the button is pressed. An error becomes the button's answer. */
  readonly text: () => string;
  readonly isPrimary?: boolean;
}

/** How long the answer of the button is seen, in milliseconds. */
const ANSWER_MS = 1800;

/** A button that copies a text. */
export function CopyButton({ label, text, isPrimary }: CopyProps) {
  const [answer, setAnswer] = useState<string>();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text());
      setAnswer('Copied');
    } catch (error) {
      setAnswer(error instanceof Error ? error.message : 'Could not copy');
    }
    setTimeout(() => setAnswer(undefined), ANSWER_MS);
  };
  return (
    <button type="button" class={isPrimary === true ? 'primary' : undefined} onClick={copy}>
      {label}
      <span class="copied" role="status">
        {answer}
      </span>
    </button>
  );
}
