{{- define "lbc.name" -}}
aws-load-balancer-controller
{{- end -}}

{{- define "lbc.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains (include "lbc.name" .) .Release.Name -}}
{{ .Release.Name }}
{{- else -}}
{{ .Release.Name }}-{{ include "lbc.name" . }}
{{- end -}}
{{- end -}}

{{- define "lbc.account" -}}
{{- if .Values.serviceAccount.name -}}
{{ .Values.serviceAccount.name }}
{{- else if .Values.serviceAccount.create -}}
{{ include "lbc.fullname" . }}
{{- else -}}
default
{{- end -}}
{{- end -}}

{{- define "lbc.selector" -}}
app.kubernetes.io/name: {{ include "lbc.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "lbc.labels" -}}
{{ include "lbc.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "lbc.webhookService" -}}
aws-load-balancer-webhook-service
{{- end -}}

{{- define "lbc.webhookSecret" -}}
aws-load-balancer-tls
{{- end -}}
