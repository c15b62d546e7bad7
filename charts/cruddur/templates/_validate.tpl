{{/*
Values that contradict each other, which values.schema.json cannot express. Each line of the templates below is one
error: the key, its value, and what was expected.
*/}}
{{- define "cruddur.validate" -}}
{{- $problems := list -}}
{{- range $part := list "renamed" "aws" "ipv6" "accounts" "credentials" "honeycomb" "tracing" "backend" "routes" "labels" -}}
{{- range splitList "\n" (include (printf "cruddur.%sProblems" $part) $) -}}
{{- with trim . }}{{ $problems = append $problems . }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n%s" (join "\n" $problems)) -}}
{{- end -}}
{{- end -}}

{{- define "cruddur.renamedProblems" -}}
{{- $values := .Values -}}
{{- range $old, $new := fromYaml (.Files.Get "files/renamed.yaml") }}
{{- $found := $values -}}
{{- range splitList "." $old }}{{ $found = ternary (get (default dict $found) .) nil (or (kindIs "map" $found) (kindIs "chartutil.Values" $found)) }}{{ end -}}
{{- if not (or (kindIs "invalid" $found) (eq (toString $found) "")) }}
{{ $old }}: no longer a value of this chart: expected {{ $new }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "cruddur.awsProblems" -}}
{{- $v := .Values -}}
{{- $c := $v.aws.credentials -}}
{{- if $v.xrayLocal.enabled }}
{{- $set := dict "aws.endpoint" $v.aws.endpoint "aws.roleArn" $v.aws.roleArn "aws.fips" (ternary "true" "" $v.aws.fips) "aws.credentials.mode" (ternary "" $c.mode (eq $c.mode "none")) }}
{{- range $key, $value := $set }}
{{- if $value }}
xrayLocal.enabled: 'true': expected false because {{ $key }} is {{ $value | squote }}: otherwise nothing would be sent to AWS
{{- end }}
{{- end }}
{{- else }}
{{- if not $v.aws.region }}
aws.region: '': expected a region such as eu-central-1 because xrayLocal.enabled is false
{{- end }}
{{- if and $v.operator.enabled (not $v.operator.clusterId) }}
operator.clusterId: '': expected this cluster's name because xrayLocal.enabled is false: the rules' owner tags in AWS contain it
{{- end }}
{{- if and $v.aws.fips $v.aws.endpoint }}
aws.fips: 'true': expected false because aws.endpoint is set, which decides
{{- end }}
{{- if and $v.aws.roleArn $v.operator.enabled (eq $c.mode "secret") }}
aws.roleArn: {{ $v.aws.roleArn | squote }}: expected '' because aws.credentials.mode is 'secret' and operator.enabled is true: the operator's keys take precedence over a role
{{- end }}
{{- if and $v.aws.roleArn $v.operator.enabled (eq $c.mode "irsa") (not (include "cruddur.operatorRole" .)) }}
operator.serviceAccount.annotations: 'eks.amazonaws.com/role-arn': expected the account's own role, because the operator assumes aws.roleArn with it
{{- end }}
{{- end }}
{{- end -}}

{{/* An IPv6-only cluster: the daemon listens on IPv4 only, and an address of a node has no brackets. */}}
{{- define "cruddur.ipv6Problems" -}}
{{- $v := .Values -}}
{{- if $v.ipv6 }}
{{- if and (include "cruddur.daemonRuns" .) (include "cruddur.onNodes" .) }}
tracing.agent: 'daemon': expected collector because ipv6 is true: the daemon listens on IPv4 only
{{- end }}
{{- if $v.tracing.hostPort }}
tracing.hostPort: 'true': expected false because ipv6 is true
{{- end }}
{{- end }}
{{- end -}}

{{/* Rights and roles belong to accounts: no other pod may use the operator's, and no two parts of the chart may share one. */}}
{{- define "cruddur.accountsProblems" -}}
{{- $v := .Values -}}
{{- if and $v.operator.enabled (not $v.operator.serviceAccount.create) (not $v.operator.serviceAccount.name) }}
operator.serviceAccount.name: '': expected an account's name because operator.serviceAccount.create is false: otherwise every pod of the namespace would have the operator's rights
{{- end }}
{{- $made := dict -}}
{{- $exists := dict "agent" (and (include "cruddur.onNodes" .) (not (include "cruddur.noAgents" .))) "backend" $v.backend.enabled "operator" $v.operator.enabled -}}
{{- range $group, $part := dict "backend" "backend" "operator" "operator" "tracing" "agent" -}}
{{- $account := (get $v $group).serviceAccount -}}
{{- if and (get $exists $part) $account.create -}}
{{- $name := include "cruddur.serviceAccountName" (list $ $part $account) -}}
{{- with get $made $name }}
{{ $group }}.serviceAccount.name: {{ $name | squote }}: expected another name because {{ . }}.serviceAccount creates an account of that name
{{- end -}}
{{- $_ := set $made $name $group -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The roles that are needed: each account that the chart creates needs one, unless its annotations name it. */}}
{{- define "cruddur.credentialsProblems" -}}
{{- $v := .Values -}}
{{- $c := $v.aws.credentials -}}
{{- if not $v.xrayLocal.enabled }}
{{- if and (eq $c.mode "secret") (not $c.existingSecret) }}
aws.credentials.existingSecret: '': expected a Secret's name because aws.credentials.mode is 'secret'
{{- end }}
{{- if and $c.existingSecret (ne $c.mode "secret") }}
aws.credentials.mode: {{ $c.mode | squote }}: expected secret because aws.credentials.existingSecret is set
{{- end }}
{{- range $key := list "agentRoleArn" "operatorRoleArn" }}
{{- if and (get $c.irsa $key) (ne $c.mode "irsa") }}
aws.credentials.mode: {{ $c.mode | squote }}: expected irsa because aws.credentials.irsa.{{ $key }} is set
{{- end }}
{{- end }}
{{- if eq $c.mode "irsa" }}
{{- $sender := ternary "tracing" "backend" (eq $v.tracing.placement "node") }}
{{- $agents := not (include "cruddur.noAgents" .) }}
{{- $accounts := dict }}
{{- if $agents }}{{ $_ := set $accounts $sender $c.irsa.agentRoleArn }}{{ end }}
{{- if $v.operator.enabled }}{{ $_ := set $accounts "operator" $c.irsa.operatorRoleArn }}{{ end }}
{{- range $part, $arn := $accounts }}
{{- $account := (get $v $part).serviceAccount }}
{{- if and (not $account.create) (not $account.name) }}
{{ $part }}.serviceAccount.name: '': expected an account's name because {{ $part }}.serviceAccount.create is false and aws.credentials.mode is 'irsa'
{{- else if and (not $account.create) $arn }}
aws.credentials.irsa.{{ ternary "operatorRoleArn" "agentRoleArn" (eq $part "operator") }}: {{ $arn | squote }}: expected '' because {{ $part }}.serviceAccount.create is false: the annotation of the account {{ $account.name | squote }} names its role
{{- end }}
{{- end }}
{{- if and $agents (include "cruddur.lacksRole" (list (get $v $sender).serviceAccount $c.irsa.agentRoleArn)) }}
aws.credentials.irsa.agentRoleArn: '': expected a role's ARN because aws.credentials.mode is 'irsa'
{{- end }}
{{- if and $v.operator.enabled (include "cruddur.lacksRole" (list $v.operator.serviceAccount $c.irsa.operatorRoleArn)) }}
aws.credentials.irsa.operatorRoleArn: '': expected a role's ARN because aws.credentials.mode is 'irsa' and operator.enabled is true
{{- end }}
{{- end }}
{{- if and (eq $c.mode "podIdentity") (include "cruddur.daemonRuns" .) (regexMatch "^([0-2]|3[.][0-5])([.]|$)" $v.daemon.image.tag) }}
daemon.image.tag: {{ $v.daemon.image.tag | squote }}: expected 3.6.0 or newer because aws.credentials.mode is 'podIdentity'
{{- end }}
{{- end }}
{{- end -}}

{{- define "cruddur.lacksRole" -}}
{{- $account := index . 0 -}}
{{- if and $account.create (not (index . 1)) (not (hasKey $account.annotations "eks.amazonaws.com/role-arn")) }}true{{ end -}}
{{- end -}}

{{- define "cruddur.honeycombProblems" -}}
{{- $h := .Values.destinations.honeycomb -}}
{{- if and $h.enabled (not $h.apiKey) (not $h.existingSecret) }}
destinations.honeycomb.existingSecret: '': expected a Secret's name (or a key in destinations.honeycomb.apiKey) because destinations.honeycomb.enabled is true
{{- end }}
{{- if and $h.apiKey $h.existingSecret }}
destinations.honeycomb.apiKey, destinations.honeycomb.existingSecret: both are set: expected one of the two
{{- end }}
{{- end -}}

{{- define "cruddur.tracingProblems" -}}
{{- $v := .Values -}}
{{- $sidecar := and (eq $v.tracing.placement "sidecar") (not (include "cruddur.noAgents" .)) -}}
{{- if and $v.tracing.hostPort $sidecar }}
tracing.hostPort: 'true': expected false because tracing.placement is 'sidecar'
{{- end }}
{{- if and $sidecar (not $v.backend.enabled) }}
tracing.placement: 'sidecar': expected node because backend.enabled is false: there is no pod for the sidecar
{{- end }}
{{- include "cruddur.noAgentsProblems" . }}
{{- $elapsed := float64 (include "cruddur.seconds" $v.collector.queue.maxElapsedTime) }}
{{- if and (gt $elapsed 0.0) (lt $elapsed 30.0) }}
collector.queue.maxElapsedTime: {{ $v.collector.queue.maxElapsedTime | squote }}: expected 0s (no limit) or at least 30s, the longest pause between two attempts
{{- end }}
{{- if and $sidecar $v.backend.enabled }}
{{- $taken := dict "2000" (ternary "daemon" "collector" (not (empty (include "cruddur.daemonRuns" .)))) }}
{{- if include "cruddur.spansWanted" . }}{{ $_ := set $taken "4318" "collector" }}{{ end }}
{{- if include "cruddur.collectorRuns" . }}{{ $_ := set $taken "8888" "collector" }}{{ $_ := set $taken "13133" "collector" }}{{ end }}
{{- with get $taken (toString $v.backend.port) }}
backend.port: {{ $v.backend.port | squote }}: expected another port because tracing.placement is 'sidecar' and the {{ . }} in the pod listens there
{{- end }}
{{- end }}
{{- range $name := list "xray-local" "xray" "honeycomb" "segments" "segments-to-xray" }}
{{- if hasKey $v.destinations.otlp $name }}
destinations.otlp: {{ $name | squote }}: expected another name because the chart has a pipeline of that name
{{- end }}
{{- end }}
{{- end -}}

{{/* With tracing.agent `none`: what would need a daemon or a collector, and what the backend needs in their place. */}}
{{- define "cruddur.noAgentsProblems" -}}
{{- $v := .Values -}}
{{- $existing := $v.tracing.existing -}}
{{- if include "cruddur.noAgents" . }}
{{- if ne $v.tracing.placement "node" }}
tracing.placement: {{ $v.tracing.placement | squote }}: expected node because tracing.agent is 'none'
{{- end }}
{{- if $v.tracing.hostPort }}
tracing.hostPort: 'true': expected false because tracing.agent is 'none'
{{- end }}
{{- if $v.destinations.honeycomb.enabled }}
destinations.honeycomb.enabled: 'true': expected false because tracing.agent is 'none': no collector runs
{{- end }}
{{- if $v.destinations.otlp }}
destinations.otlp: {{ keys $v.destinations.otlp | sortAlpha | join ", " | squote }}: expected {} because tracing.agent is 'none': no collector runs
{{- end }}
{{- if and $v.backend.enabled (not $existing.agentAddress) }}
tracing.existing.agentAddress: '': expected HOST:2000 because tracing.agent is 'none' and backend.enabled is true
{{- end }}
{{- if and $v.backend.enabled (not $v.tracing.xraySdk.enabled) (not $existing.otlpEndpoint) }}
tracing.existing.otlpEndpoint: '': expected a collector's URL because tracing.agent is 'none' and tracing.xraySdk.enabled is false
{{- end }}
{{- else }}
{{- range $key, $value := $existing }}
{{- if $value }}
tracing.agent: {{ $v.tracing.agent | squote }}: expected none because tracing.existing.{{ $key }} is set
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A duration such as 1m30s in seconds. */}}
{{- define "cruddur.seconds" -}}
{{- $factors := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 -}}
{{- $seconds := 0.0 -}}
{{- range regexFindAll "[0-9.]+(ms|s|m|h)" . -1 -}}
{{- $seconds = addf $seconds (mulf (float64 (regexFind "^[0-9.]+" .)) (get $factors (regexFind "[a-z]+$" .))) -}}
{{- end -}}
{{- $seconds -}}
{{- end -}}

{{- define "cruddur.backendProblems" -}}
{{- $scaling := .Values.backend.autoscaling -}}
{{- if $scaling.enabled }}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) }}
backend.autoscaling.minReplicas: {{ $scaling.minReplicas | squote }}: expected at most maxReplicas, which is {{ $scaling.maxReplicas }}
{{- end }}
{{- $targets := dict "cpu" $scaling.targetCPUUtilizationPercentage "memory" $scaling.targetMemoryUtilizationPercentage }}
{{- if not (compact (values $targets)) }}
backend.autoscaling.targetCPUUtilizationPercentage: 'null': expected a percentage there or in targetMemoryUtilizationPercentage
{{- end }}
{{- $measured := list "backend" }}
{{- if not (include "cruddur.onNodes" .) }}
{{- if include "cruddur.daemonRuns" . }}{{ $measured = append $measured "daemon" }}{{ end }}
{{- if include "cruddur.collectorRuns" . }}{{ $measured = append $measured "collector" }}{{ end }}
{{- end }}
{{- range $part := $measured }}
{{- range $resource, $target := $targets }}
{{- $resources := (fromYaml (include "cruddur.partValues" (list $ $part))).resources }}
{{- if and $target (not (dig "requests" $resource (dig "limits" $resource "" $resources) $resources)) }}
{{ $part }}.resources.requests.{{ $resource }}: not set: expected a quantity because backend.autoscaling measures its share
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "cruddur.routesProblems" -}}
{{- $v := .Values -}}
{{- range $part := list "backend" "xrayLocal" }}
{{- $service := get (get $v $part) "service" }}
{{- if and $service.nodePort (eq $service.type "ClusterIP") }}
{{ $part }}.service.nodePort: {{ $service.nodePort | squote }}: expected null because {{ $part }}.service.type is 'ClusterIP'
{{- end }}
{{- end }}
{{- if and $v.backend.enabled $v.xrayLocal.enabled $v.backend.service.nodePort (eq (toString $v.backend.service.nodePort) (toString $v.xrayLocal.service.nodePort)) }}
xrayLocal.service.nodePort: {{ $v.xrayLocal.service.nodePort | squote }}: expected another port because backend.service.nodePort is the same
{{- end }}
{{- range $way := list "ingress" "httpRoute" }}
{{- if and (get $v.backend $way).enabled (not $v.backend.enabled) }}
backend.{{ $way }}.enabled: 'true': expected false because backend.enabled is false
{{- end }}
{{- end }}
{{- if and $v.backend.ingress.enabled (not $v.backend.ingress.hosts) }}
backend.ingress.hosts: '[]': expected a list of hosts because backend.ingress.enabled is true
{{- end }}
{{- if and $v.backend.httpRoute.enabled (not $v.backend.httpRoute.parentRefs) }}
backend.httpRoute.parentRefs: '[]': expected a list of Gateways because backend.httpRoute.enabled is true
{{- end }}
{{- end -}}

{{/* The labels that the chart sets and selects by. */}}
{{- define "cruddur.labelsProblems" -}}
{{- $v := .Values -}}
{{- $own := concat (keys (fromYaml (include "cruddur.ownLabels" (list . "any")))) (keys (fromYaml (include "cruddur.agentLabel" .))) -}}
{{- $given := dict "commonLabels" $v.commonLabels -}}
{{- range $part := list "podDefaults" "backend" "daemon" "collector" "xrayLocal" "operator" "tests" }}
{{- $_ := set $given (printf "%s.podLabels" $part) (default dict (get (get $v $part) "podLabels")) }}
{{- end }}
{{- range $where, $labels := $given }}
{{- range $name := keys $labels | sortAlpha }}
{{- if has $name $own }}
{{ $where }}: {{ $name | squote }}: expected another label because the chart sets it
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
