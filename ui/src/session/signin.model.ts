/** Where to go after signing in: a path of this site, never another one. */
export function nextPath(next: string | null): string {
  if (next === null || !/^\/(?![/\\])/.test(next) || next.startsWith("/sign-in")) return "/";
  return next;
}
