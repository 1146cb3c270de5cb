export function Read() {
  return <p>soon</p>;
}
