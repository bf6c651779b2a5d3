import { Badge, Card, CopyButton, Facts, Name, Skeleton } from "../design";
import { useSession } from "../session/session.query";
import styles from "./Forms.module.css";

/** What runs here: version, epoch, applications, features, who is signed in. */
export function AboutSection() {
  const session = useSession();
  const data = session.data;
  if (!data) return <Skeleton height={24} lines={6} />;
  const features = Object.entries(data.features).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <>
      <Card
        title="Headway"
        actions={<CopyButton text={() => JSON.stringify(data, null, 2)} label="Copy for a report" />}
      >
        <Facts
          facts={[
            ["Version", <code key="version">{data.version}</code>],
            ["Epoch", <code key="epoch">{data.epoch}</code>],
            ["Mode", data.dev ? "development: the local user is signed in without a password" : "production"],
            ["Applications", data.apps.join(", ") || "none"],
            [
              "API",
              <a key="docs" href="/docs">
                Documentation of the API
              </a>,
            ],
          ]}
        />
      </Card>
      <Card title="You">
        <Facts
          facts={[
            ["Name", <Name key="name" text={data.user.name} />],
            ["Role", data.user.role],
            ["Permissions", <span key="permissions">{data.permissions.join(", ")}</span>],
          ]}
        />
      </Card>
      <Card title="Features">
        <ul className={styles.scopes}>
          {features.map(([name, on]) => (
            <li key={name}>
              <Badge tone={on ? "done" : "queued"} icon={on ? "check" : "close"}>
                {name}: {on ? "on" : "off"}
              </Badge>
            </li>
          ))}
        </ul>
      </Card>
    </>
  );
}
