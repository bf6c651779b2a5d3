import { Icon } from "../../../design";
import { scoreText } from "./facts.model";
import styles from "./Stars.module.css";

/** A score to look at: five stars, or the word. */
export function Stars({ score, favourite }: { score: number; favourite: boolean }) {
  return (
    <span className={styles.stars} title={`${scoreText(score)}${favourite ? ", favourite" : ""}`}>
      {score < 0 ? (
        <span className={styles.rejected}>
          <Icon name="failed" /> rejected
        </span>
      ) : (
        <span role="img" aria-label={scoreText(score)} className={styles.row}>
          {[1, 2, 3, 4, 5].map((n) => (
            <Icon key={n} name="star" className={n <= score ? styles.on : styles.off} />
          ))}
        </span>
      )}
      {favourite && (
        <span role="img" aria-label="favourite" className={styles.row}>
          <Icon name="heart" className={styles.heart} />
        </span>
      )}
    </span>
  );
}

export interface RatingControlProps {
  score: number;
  favourite: boolean;
  busy: boolean;
  onScore: (score: number) => void;
  onFavourite: (favourite: boolean) => void;
}

/** A score to change: reject, clear, one to five, and the favourite switch. Each is a button with its key. */
export function RatingControl({ score, favourite, busy, onScore, onFavourite }: RatingControlProps) {
  return (
    <div className={styles.control} role="group" aria-label="Rating" aria-busy={busy || undefined}>
      <button
        type="button"
        className={styles.button}
        aria-label="Reject"
        aria-keyshortcuts="x"
        title="Reject (x)"
        aria-pressed={score < 0}
        onClick={() => onScore(score < 0 ? 0 : -1)}
      >
        <Icon name="failed" className={score < 0 ? styles.bad : styles.off} />
      </button>
      {[1, 2, 3, 4, 5].map((n) => (
        <button
          key={n}
          type="button"
          className={styles.button}
          aria-label={`Rate ${n} of 5`}
          aria-keyshortcuts={String(n)}
          title={`Rate ${n} of 5 (${n}); again to clear`}
          aria-pressed={score === n}
          onClick={() => onScore(score === n ? 0 : n)}
        >
          <Icon name="star" className={n <= score ? styles.on : styles.off} />
        </button>
      ))}
      <button
        type="button"
        className={styles.button}
        aria-label="Favourite"
        aria-keyshortcuts="f"
        title="Favourite (f)"
        aria-pressed={favourite}
        onClick={() => onFavourite(!favourite)}
      >
        <Icon name="heart" className={favourite ? styles.heart : styles.off} />
      </button>
      <span className={styles.word}>{scoreText(score)}</span>
    </div>
  );
}
