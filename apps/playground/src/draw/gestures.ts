/** Wheel, mouse and fingers on the picture. Places are shares of the picture, 0 to 1. */

interface Gestures {
  readonly zoom: (factor: number, x: number, y: number) => void;
  readonly move: (x: number, y: number) => void;
  /** Where the mouse is; undefined when it has left. */
  readonly point: (x?: number, y?: number) => void;
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Listens to an element. Returns what ends it. */
export function mapGestures(element: HTMLElement, { zoom, move, point }: Gestures): () => void {
  const pointers = new Map<number, Place>();
  const placeOf = ({ clientX, clientY }: MouseEvent): Place => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { x: (clientX - left) / width, y: (clientY - top) / height };
  };
  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const { x, y } = placeOf(event);
    zoom(Math.exp(Math.sign(event.deltaY) * Math.min(0.4, Math.abs(event.deltaY) / 250)), x, y);
  };
  const down = (event: PointerEvent): void => {
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, placeOf(event));
  };
  const drag = (event: PointerEvent): void => {
    const now = placeOf(event);
    point(now.x, now.y);
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) move(before.x - now.x, before.y - now.y);
    else {
      const distance = (a: Place): number => Math.max(0.01, Math.hypot(a.x - other.x, a.y - other.y));
      zoom(distance(before) / distance(now), (now.x + other.x) / 2, (now.y + other.y) / 2);
    }
    pointers.set(event.pointerId, now);
  };
  const up = (event: PointerEvent): void => void pointers.delete(event.pointerId);
  const leave = (): void => point();
  const events = {
    wheel,
    pointerdown: down,
    pointermove: drag,
    pointerup: up,
    pointercancel: up,
    pointerleave: leave,
  };
  for (const [name, listener] of Object.entries(events))
    element.addEventListener(name, listener as EventListener, { passive: false });
  return () => {
    for (const [name, listener] of Object.entries(events))
      element.removeEventListener(name, listener as EventListener);
  };
}
