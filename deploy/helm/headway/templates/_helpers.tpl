{{- define "headway.name" -}}
{{- if contains "headway" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-headway" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "headway.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Labels that select pods: they never change. (dict "root" $ "part" "serve") */}}
{{- define "headway.selector" -}}
app.kubernetes.io/name: headway
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "headway.labels" -}}
{{ include "headway.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | quote }}
{{- end }}

{{- define "headway.check" -}}
{{- if not .Values.store.existingSecret }}
{{- fail "store.existingSecret: name the Secret that holds the database's address" }}
{{- end }}
{{- if not (or .Values.keyRing.existingSecret .Values.persistence.enabled) }}
{{- fail "keyRing.existingSecret: name the Secret that holds secrets.key, or let pods share a volume (persistence.enabled); pods with keys of their own cannot open each other's secrets" }}
{{- end }}
{{- if and (eq .Values.engine "temporal") (not .Values.temporal.address) }}
{{- fail "temporal.address: name HOST:PORT of Temporal's frontend" }}
{{- end }}
{{- end }}

{{/* The environment of every process. */}}
{{- define "headway.env" -}}
- name: HEADWAY_STORE
  valueFrom:
    secretKeyRef:
      name: {{ .Values.store.existingSecret }}
      key: {{ .Values.store.key }}
- name: HEADWAY_SERVER_PROXY
  value: "true"
- name: HEADWAY_SERVER_DRAIN_SECONDS
  value: {{ .Values.drainSeconds | quote }}
{{- with .Values.mediaRoots }}
- name: HEADWAY_MEDIA_ROOTS
  value: {{ join "," . | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "headway.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "headway.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "headway.engineArgs" -}}
{{- if eq .Values.engine "temporal" }}
- --engine
- temporal
- --temporal-address
- {{ .Values.temporal.address | quote }}
- --temporal-namespace
- {{ .Values.temporal.namespace | quote }}
{{- end }}
{{- end }}

{{/* What servers and workers have in common; they differ in arguments and port.
     (dict "root" $ "part" "serve" "values" .Values.serve "port" 8080 "args" (list "serve")) */}}
{{- define "headway.pod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "headway.labels" . | nindent 4 }}
  {{- with .values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "headway.podSecurity" $root | nindent 4 }}
  # The pause below, the drain, and time to close.
  terminationGracePeriodSeconds: {{ add $root.Values.drainSeconds 20 }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "headway.selector" . | nindent 10 }}
  {{- if $root.Values.keyRing.existingSecret }}
  initContainers:
    # The key ring must be readable by its owner alone, which a Secret's volume cannot be.
    - name: key-ring
      image: {{ include "headway.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      command: [install, -m, "0600", /key-ring/secrets.key, /var/lib/headway/secrets.key]
      securityContext:
        {{- include "headway.containerSecurity" $root | nindent 8 }}
      resources:
        requests: { cpu: 10m, memory: 16Mi }
        limits: { memory: 64Mi }
      volumeMounts:
        - { name: data, mountPath: /var/lib/headway }
        - { name: key-ring, mountPath: /key-ring, readOnly: true }
  {{- end }}
  containers:
    - name: headway
      image: {{ include "headway.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        {{- toYaml .args | nindent 8 }}
        {{- include "headway.engineArgs" $root | nindent 8 }}
      ports:
        - { name: http, containerPort: {{ .port }} }
      env:
        {{- include "headway.env" $root | nindent 8 }}
        {{- if and (eq .part "serve") $root.Values.adminCode.existingSecret }}
        - name: HEADWAY_ADMIN_CODE
          valueFrom:
            secretKeyRef:
              name: {{ $root.Values.adminCode.existingSecret }}
              key: {{ $root.Values.adminCode.key }}
        {{- end }}
      {{- with $root.Values.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "headway.containerSecurity" $root | nindent 8 }}
      startupProbe:
        httpGet: { path: /health, port: http }
        periodSeconds: 2
        failureThreshold: 60
      # Whether the process answers. A database that is away is no reason to restart it.
      livenessProbe:
        httpGet: { path: /health, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      # Whether the database answers, too.
      readinessProbe:
        httpGet: { path: /ready, port: http }
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      lifecycle:
        preStop:
          # New requests find other pods before this one takes no more.
          exec: { command: [sleep, "5"] }
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        - { name: data, mountPath: /var/lib/headway }
        - { name: tmp, mountPath: /tmp }
        {{- with $root.Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: data
      {{- if $root.Values.persistence.enabled }}
      persistentVolumeClaim:
        claimName: {{ $root.Values.persistence.existingClaim | default (include "headway.name" $root) }}
      {{- else }}
      emptyDir: {}
      {{- end }}
    - name: tmp
      emptyDir: {}
    {{- if $root.Values.keyRing.existingSecret }}
    - name: key-ring
      secret:
        secretName: {{ $root.Values.keyRing.existingSecret }}
        defaultMode: 0440
        items:
          - { key: {{ $root.Values.keyRing.key | quote }}, path: secrets.key }
    {{- end }}
    {{- with $root.Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
