/** How far work has come, and a button that ends it. */

interface ProgressProps {
  readonly what: string;
  readonly done: number;
  /** 0 where nobody knows. */
  readonly total: number;
  readonly onStop: () => void;
}

/** A bar with its words. */
export function Progress({ what, done, total, onStop }: ProgressProps) {
  return (
    <div class="progress" role="group" aria-label="Progress">
      <progress aria-label={what} max={Math.max(1, total)} value={total === 0 ? undefined : done} />
      <span role="status">{total === 0 ? what : `${what}: ${Math.floor((100 * done) / total)} %`}</span>
      <button type="button" onClick={onStop}>
        Stop
      </button>
    </div>
  );
}
