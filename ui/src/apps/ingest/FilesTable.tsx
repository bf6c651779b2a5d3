import { useMemo } from "react";
import { type Column, format, Name, Table } from "../../design";
import { nsfwText, QUALITY_MAX } from "../library/media/facts.model";
import { Stars } from "../library/media/Stars";
import { stateWord } from "./FileCaption";
import { FILE_SORTS, type FileSort } from "./files.filters.model";
import type { IngestFile } from "./types";

export interface FilesTableProps {
  files: readonly IngestFile[];
  selected: string | null;
  current: string | null;
  marked: ReadonlySet<string>;
  sort: FileSort;
  onSort: (sort: FileSort) => void;
  onOpen: (file: IngestFile) => void;
  onToggle: (file: IngestFile) => void;
  onEnd: () => void;
}

/** The files as lines. */
export function FilesTable(props: FilesTableProps) {
  const { files, selected, current, marked, sort, onSort, onOpen, onToggle, onEnd } = props;
  const columns = useMemo(() => columnsOf(marked, onToggle), [marked, onToggle]);
  return (
    <Table
      label="Files of this ingest"
      columns={columns}
      rows={files}
      rowKey={(file) => file.key}
      height="max(360px, calc(100dvh - 300px))"
      selected={selected}
      current={current}
      onOpen={onOpen}
      sort={{ key: sort, descending: sort !== "name" }}
      onSort={(key) => onSort(FILE_SORTS.find((known) => known === key) ?? "name")}
      onEnd={onEnd}
    />
  );
}

function columnsOf(
  marked: ReadonlySet<string>,
  onToggle: (file: IngestFile) => void,
): readonly Column<IngestFile>[] {
  return [
    {
      key: "mark",
      title: <span className="sr">Marked</span>,
      width: "36px",
      cell: (file) => (
        <input
          type="checkbox"
          aria-label={`Mark ${format.visible(file.name)}`}
          checked={marked.has(file.key)}
          onChange={() => onToggle(file)}
        />
      ),
    },
    {
      key: "name",
      title: "Name",
      width: "minmax(160px, 3fr)",
      sort: "name",
      cell: (file) => <Name text={file.name} />,
    },
    { key: "state", title: "State", width: "100px", cell: (file) => stateWord(file) ?? "processed" },
    {
      key: "score",
      title: "Score",
      width: "110px",
      sort: "score",
      wide: true,
      cell: (file) => <Stars score={file.score} favourite={file.favourite} />,
    },
    {
      key: "quality",
      title: "Quality",
      width: "80px",
      align: "end",
      sort: "quality",
      wide: true,
      cell: (file) =>
        file.quality === null ? "–" : format.percent((file.quality.overall / QUALITY_MAX) * 100),
    },
    {
      key: "nsfw",
      title: "NSFW",
      width: "130px",
      wide: true,
      cell: (file) => <Name text={nsfwText(file.nsfw)} />,
    },
    {
      key: "keywords",
      title: "Keywords",
      width: "minmax(80px, 2fr)",
      wide: true,
      cell: (file) => <Name text={file.keywords.map((k) => k.keyword).join(", ")} />,
    },
    {
      key: "pixels",
      title: "Pixels",
      width: "110px",
      align: "end",
      wide: true,
      cell: (file) => (file.width === null || file.height === null ? "–" : `${file.width} × ${file.height}`),
    },
    {
      key: "size",
      title: "Size",
      width: "90px",
      align: "end",
      wide: true,
      cell: (file) => format.bytes(file.size),
    },
    {
      key: "created",
      title: "Created",
      width: "176px",
      align: "end",
      sort: "created",
      wide: true,
      cell: (file) => (file.created_at === null ? "–" : format.dateTime(file.created_at)),
    },
  ];
}
