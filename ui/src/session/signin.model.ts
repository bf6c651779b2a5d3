/** Where to go after signing in: a path of this site, never another one. */
export function nextPath(next: string | null): string {
  if (next === null || !/^\/(?![/\\])/.test(next) || next.startsWith("/sign-in")) return "/";
  return next;
}

/** Fewest characters of a password; the server refuses shorter ones. */
const MIN_PASSWORD_CHARS = 10;

/** What is wrong with a new password; null when it will do, or when none is wanted. */
export function passwordFault(password: string): string | null {
  return password === "" || [...password].length >= MIN_PASSWORD_CHARS
    ? null
    : `At least ${MIN_PASSWORD_CHARS} characters, or none to set no password.`;
}
