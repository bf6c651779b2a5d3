import { useParams } from "wouter";
import { LibraryList } from "./LibraryList";
import { MediaPage } from "./MediaPage";

/** `/library` is the list, `/library/:id` one file of it. */
export default function LibraryPage() {
  const { id } = useParams<{ id?: string }>();
  return id === undefined ? <LibraryList /> : <MediaPage id={id} />;
}
