import type { Remote } from "../api";
import { Name } from "../design";

/** What something became at its destination: its id, leading there where there is an address. */
export function RemoteLink({ remote }: { remote: Remote | null }) {
  if (remote === null) return null;
  const id = <Name text={remote.id} mono />;
  if (remote.url === null || !/^https?:\/\//i.test(remote.url)) return id;
  return (
    <a href={remote.url} target="_blank" rel="noreferrer" title={`Open ${remote.id} at its destination`}>
      {id}
    </a>
  );
}
