{{- define "cruddur.operatorEnv" -}}
{{- $o := .Values.operator -}}
- {name: XRAY_OPERATOR_LISTEN, value: "0.0.0.0:8080"}
- {name: XRAY_OPERATOR_CLUSTER_ID, value: {{ default "local" $o.clusterId | quote }}}
- {name: XRAY_OPERATOR_NAMESPACES, value: {{ join "," $o.namespaces | quote }}}
- {name: XRAY_OPERATOR_HOME_NAMESPACE, value: {{ .Release.Namespace | quote }}}
- {name: XRAY_OPERATOR_INTERVAL, value: {{ $o.intervalSeconds | quote }}}
- {name: XRAY_OPERATOR_AWS_TIMEOUT, value: {{ $o.awsTimeoutSeconds | quote }}}
- {name: XRAY_OPERATOR_WRITE_RATE, value: {{ $o.writeRate | quote }}}
- {name: XRAY_OPERATOR_WRITE_BURST, value: {{ $o.writeBurst | quote }}}
- {name: XRAY_OPERATOR_RULE_QUOTA, value: {{ $o.ruleQuota | quote }}}
- {name: XRAY_OPERATOR_LOG_LEVEL, value: {{ $o.logLevel }}}
{{ include "cruddur.awsEnv" . }}
{{- with include "cruddur.xrayEndpoint" . }}
- {name: AWS_ENDPOINT_URL_XRAY, value: {{ . | quote }}}
{{- end }}
{{- end -}}

{{/* A pod of the operator's image that uses the API server: the operator itself, and the hooks. */}}
{{- define "cruddur.operatorPodSpec" -}}
{{- include "cruddur.podDefaults" . }}
securityContext:
  {{- include "cruddur.podSecurity" . | nindent 2 }}
{{ include "cruddur.scheduling" .Values.operator }}
{{- end -}}

{{/*
A Job of the operator's image that Helm runs at an event, under an account of its own with the part's name:
(dict "root" $ "part" "cleanup" "name" "cleanup-delete" "event" "pre-delete" "retries" 3 "seconds" 60 "args" (list ...))
*/}}
{{- define "cruddur.operatorHook" -}}
{{- $root := .root -}}
{{- $o := $root.Values.operator -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "cruddur.part" (list $root .name) }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- include "cruddur.labels" (list $root .part) | nindent 4 }}
  annotations:
    {{- include "cruddur.hook" (list .event 0) | nindent 4 }}
    # Helm 4 prints what it did.
    helm.sh/hook-output-log-policy: hook-succeeded,hook-failed
spec:
  backoffLimit: {{ .retries }}
  activeDeadlineSeconds: {{ .seconds }}
  ttlSecondsAfterFinished: 600
  template:
    metadata:
      {{- include "cruddur.podMetadata" (list $root .part $o (dict) (dict)) | nindent 6 }}
    spec:
      {{- include "cruddur.operatorPodSpec" $root | nindent 6 }}
      serviceAccountName: {{ include "cruddur.part" (list $root .part) }}
      automountServiceAccountToken: true
      restartPolicy: Never
      containers:
        - name: {{ .part }}
          {{- include "cruddur.imageOf" (list $root $o.image) | nindent 10 }}
          args:
            {{- toYaml .args | nindent 12 }}
          resources:
            {{- toYaml $o.resources | nindent 12 }}
          securityContext:
            {{- include "cruddur.containerSecurity" $root | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
      volumes:
        - name: tmp
          emptyDir: {}
{{- end -}}

{{/* Annotations of what exists for a hook only: (list EVENTS WEIGHT). */}}
{{- define "cruddur.hook" -}}
helm.sh/hook: {{ index . 0 }}
helm.sh/hook-weight: {{ index . 1 | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* The account of a part's hook: (list $ PART EVENTS). */}}
{{- define "cruddur.hookAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "cruddur.metadata" (list (index . 0) (index . 1)) | nindent 2 }}
  annotations:
    {{- include "cruddur.hook" (list (index . 2) -10) | nindent 4 }}
automountServiceAccountToken: false
{{- end -}}
