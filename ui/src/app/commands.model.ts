/** The commands whose title holds every word typed, those that start with the text first. */
export function matchCommands<T extends { title: string }>(commands: readonly T[], text: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const first = words[0];
  if (first === undefined) return [...commands];
  const matching = commands.filter((command) => {
    const title = command.title.toLowerCase();
    return words.every((word) => title.includes(word));
  });
  const rank = (command: T) => (command.title.toLowerCase().startsWith(first) ? 0 : 1);
  return matching.sort((a, b) => rank(a) - rank(b));
}
