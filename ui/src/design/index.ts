export { type AnyState, Badge, type BadgeProps, StateBadge, stateLook, type Tone } from "./Badge";
export { Bar, type BarPart, type BarProps, SimpleBar } from "./Bar";
export { Button, type ButtonKind, type ButtonProps } from "./Button";
export { Card, type CardProps, StatCard, type StatCardProps, StatRow } from "./Card";
export { type Connection, ConnectionBadge } from "./ConnectionBadge";
export { CopyButton } from "./Copy";
export { readNow, useNow } from "./clock";
export { usePageCrumb } from "./crumb";
export { EmptyState, type EmptyStateProps, Notice, ProblemNotice, Skeleton } from "./Feedback";
export { Checkbox, Field, type FieldProps, SearchInput, Select, TextArea, TextInput } from "./Field";
export {
  FilterCount,
  FilterSelect,
  FilterToggles,
  TypedSearch,
} from "./Filters";
export * as format from "./format";
export { Icon, type IconName } from "./Icon";
export { JsonView } from "./JsonView";
export { isTyping } from "./keys";
export { Name } from "./Name";
export { Facts, Page, type PageProps, Toolbar } from "./Page";
export { Panel, type PanelProps } from "./Panel";
export { ProgressCard, type ProgressCardProps, ProgressLine } from "./ProgressCard";
export { type Column, Table, type TableProps } from "./Table";
export { type Tab, Tabs, type TabsProps } from "./Tabs";
export { Elapsed, RelativeTime } from "./Time";
export { Toaster, toast, toastProblem } from "./Toast";
export { useListKeys } from "./useListKeys";
export { useTyped } from "./useTyped";
