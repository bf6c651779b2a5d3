import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import { api, asProblem, type Page, type RunSummary, type Session } from "../api";
import { Icon, type IconName, Name, StateBadge } from "../design";
import styles from "./CommandPalette.module.css";
import { matchCommands } from "./commands.model";
import { places } from "./navigation";

interface Command {
  id: string;
  title: string;
  group: string;
  icon: IconName;
  path: string;
  state?: RunSummary["state"];
}

/** Go to a place, start something, find a run: by typing. Escape closes. */
export function CommandPalette({ session, onClose }: { session: Session | undefined; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [index, setIndex] = useState(0);
  const [, navigate] = useLocation();
  const listId = useId();
  const runs = useQuery({
    queryKey: ["palette-runs", text],
    queryFn: ({ signal }) => api.get<Page<RunSummary>>("/runs", { q: text, limit: 8 }, signal),
    staleTime: 5000,
    placeholderData: (before) => before,
  });
  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  const fixed = matchCommands(fixedCommands(session), text);
  const found: Command[] = (runs.data?.items ?? []).map((run) => ({
    id: `run:${run.id}`,
    title: run.title,
    group: "Runs",
    icon: "runs",
    path: `/runs/${run.id}`,
    state: run.state,
  }));
  const commands = [...fixed, ...found];
  const active = Math.min(index, commands.length - 1);
  const go = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    navigate(command.path);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setIndex((active + step + commands.length) % Math.max(1, commands.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(commands[active]);
    }
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the palette closes it; the keyboard has Escape
    <dialog
      ref={dialog}
      className={styles.palette}
      aria-label="Go to, start, search"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className={styles.inner}>
        <input
          className={styles.input}
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={commands[active] ? `${listId}-${active}` : undefined}
          aria-label="Search places, actions and runs"
          placeholder="A place, an action, or a run's title or id"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setIndex(0);
          }}
          onKeyDown={onKeyDown}
        />
        <div id={listId} role="listbox" aria-label="Results" className={styles.list}>
          {commands.map((command, at) => (
            <div
              key={command.id}
              id={`${listId}-${at}`}
              role="option"
              tabIndex={-1}
              aria-selected={at === active}
              className={styles.option}
              onClick={() => go(command)}
              onKeyDown={onKeyDown}
              onPointerMove={() => setIndex(at)}
            >
              <Icon name={command.icon} />
              <span className={styles.title}>
                <Name text={command.title} />
              </span>
              {command.state ? (
                <StateBadge state={command.state} />
              ) : (
                <span className={styles.group}>{command.group}</span>
              )}
            </div>
          ))}
          {commands.length === 0 && !runs.isFetching && !runs.error && (
            <p className={styles.none}>Nothing matches.</p>
          )}
          {runs.error && (
            <p className={styles.none}>Runs could not be searched: {asProblem(runs.error).detail}</p>
          )}
        </div>
      </div>
    </dialog>
  );
}

function fixedCommands(session: Session | undefined): Command[] {
  const commands: Command[] = places(session).map((place) => ({
    id: `go:${place.path}`,
    title: place.title,
    group: "Go to",
    icon: place.icon,
    path: place.path,
  }));
  if (session?.apps.includes("ingest")) {
    commands.push({
      id: "start:ingest",
      title: "Start an ingest",
      group: "Start",
      icon: "plus",
      path: "/ingest",
    });
  }
  if (session?.apps.includes("backlog")) {
    commands.push({
      id: "start:backlog",
      title: "Write a backlog",
      group: "Start",
      icon: "plus",
      path: "/backlog",
    });
  }
  commands.push(
    {
      id: "deliveries:dead",
      title: "Deliveries that were given up",
      group: "Go to",
      icon: "failed",
      path: "/deliveries?state=dead",
    },
    {
      id: "runs:failed",
      title: "Runs that failed",
      group: "Go to",
      icon: "failed",
      path: "/runs?state=failed,completed_with_errors",
    },
    {
      id: "runs:waiting",
      title: "Runs that wait for somebody",
      group: "Go to",
      icon: "waiting",
      path: "/runs?state=waiting",
    },
  );
  return commands;
}
