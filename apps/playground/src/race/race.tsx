export function Race() {
  return <p>soon</p>;
}
