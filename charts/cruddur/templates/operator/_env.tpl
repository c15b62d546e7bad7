{{- define "cruddur.operatorEnv" -}}
{{- $o := .Values.operator -}}
- {name: XRAY_OPERATOR_LISTEN, value: {{ ternary "[::]:8080" "0.0.0.0:8080" .Values.ipv6 | quote }}}
- {name: XRAY_OPERATOR_CLUSTER_ID, value: {{ default "local" $o.clusterId | quote }}}
- {name: XRAY_OPERATOR_ACCOUNT, value: {{ $o.account | quote }}}
- {name: XRAY_OPERATOR_CLASS, value: {{ $o.class | quote }}}
- {name: XRAY_OPERATOR_NAMESPACES, value: {{ join "," $o.namespaces | quote }}}
- {name: XRAY_OPERATOR_HOME_NAMESPACE, value: {{ .Release.Namespace | quote }}}
- {name: XRAY_OPERATOR_LEASE, value: {{ printf "%s/%s" .Release.Namespace (include "cruddur.part" (list . "operator")) | quote }}}
- name: XRAY_OPERATOR_IDENTITY
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- {name: XRAY_OPERATOR_INTERVAL, value: {{ $o.intervalSeconds | quote }}}
- {name: XRAY_OPERATOR_AWS_TIMEOUT, value: {{ $o.awsTimeoutSeconds | quote }}}
- {name: XRAY_OPERATOR_RULE_QUOTA, value: {{ $o.ruleQuota | quote }}}
- {name: XRAY_OPERATOR_LOG_LEVEL, value: {{ $o.logLevel }}}
{{ include "cruddur.awsEnv" . }}
{{- if .Values.aws.fips }}
- {name: AWS_USE_FIPS_ENDPOINT, value: "true"}
{{- end }}
{{- if .Values.aws.roleArn }}
- {name: AWS_CONFIG_FILE, value: /etc/aws/config}
{{- end }}
{{- with include "cruddur.givenEndpoint" . }}
- {name: AWS_ENDPOINT_URL_XRAY, value: {{ . | quote }}}
{{- end }}
{{- end -}}

{{/* AWS's configuration file: the operator's own credentials, by which it assumes aws.roleArn. */}}
{{- define "cruddur.operatorAwsConfig" -}}
{{- $credentials := .Values.aws.credentials -}}
[default]
role_arn = {{ .Values.aws.roleArn }}
role_session_name = {{ include "cruddur.part" (list . "operator") }}
{{- if eq $credentials.mode "irsa" }}
source_profile = own
[profile own]
role_arn = {{ include "cruddur.operatorRole" . }}
role_session_name = {{ include "cruddur.part" (list . "operator") }}
web_identity_token_file = /var/run/secrets/eks.amazonaws.com/serviceaccount/token
{{- else }}
credential_source = {{ ternary "EcsContainer" "Ec2InstanceMetadata" (eq $credentials.mode "podIdentity") }}
{{- end }}
{{- end -}}

{{/* The operator's own role with IRSA: its annotation takes precedence. */}}
{{- define "cruddur.operatorRole" -}}
{{- default .Values.aws.credentials.irsa.operatorRoleArn (get .Values.operator.serviceAccount.annotations "eks.amazonaws.com/role-arn") -}}
{{- end -}}

{{/*
A Job of the operator's image that Helm runs at an event, under an account of its own with the part's name. It has the
operator's values but its variables and volumes: what they refer to may have been deleted by then.
(dict "root" $ "part" "cleanup" "name" "cleanup-delete" "event" "pre-delete" "retries" 3 "seconds" 60 "args" (list ...))
*/}}
{{- define "cruddur.operatorHook" -}}
{{- $root := .root -}}
{{- $o := omit (fromYaml (include "cruddur.partValues" (list $root "operator"))) "envFrom" "extraVolumeMounts" "lifecycle" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "cruddur.part" (list $root .name) }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- include "cruddur.labels" (list $root .part) | nindent 4 }}
  annotations:
    {{- include "cruddur.hook" (list $root .event 0) | nindent 4 }}
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
      {{- include "cruddur.podSpec" (list $root $o) | nindent 6 }}
      serviceAccountName: {{ include "cruddur.part" (list $root .part) }}
      automountServiceAccountToken: true
      restartPolicy: Never
      containers:
        - name: {{ .part }}
          {{- include "cruddur.imageOf" (list $root $o.image) | nindent 10 }}
          args:
            {{- toYaml .args | nindent 12 }}
          {{- include "cruddur.containerEnd" (list $o (list (dict "name" "tmp" "mountPath" "/tmp")) 0) | nindent 10 }}
      volumes:
        - name: tmp
          emptyDir: {}
{{- end -}}

{{/* Annotations of what exists for a hook only, with the common ones: (list $ EVENTS WEIGHT). */}}
{{- define "cruddur.hook" -}}
{{- $hook := dict "helm.sh/hook" (index . 1) "helm.sh/hook-weight" (toString (index . 2)) "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded" -}}
{{- include "cruddur.annotations" (list (index . 0) $hook) -}}
{{- end -}}

{{/* The account of a part's hook: (list $ PART EVENTS). */}}
{{- define "cruddur.hookAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "cruddur.metadata" (list (index . 0) (index . 1) (fromYaml (include "cruddur.hook" (list (index . 0) (index . 2) -10)))) | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}
