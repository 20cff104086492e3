/** The custom resources in the manifests that no package has types for: the part of each that is used, after its operator's documentation. */
interface Resource<ApiVersion extends string, Kind extends string, Spec> {
  apiVersion: ApiVersion;
  kind: Kind;
  metadata: { name: string; namespace: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: Spec;
}

/** prometheus-operator */
export type IPodMonitor = Resource<
  'monitoring.coreos.com/v1',
  'PodMonitor',
  {
    selector: { matchLabels: Record<string, string> };
    jobLabel?: string;
    podTargetLabels?: string[];
    podMetricsEndpoints: { port: string; path: string; interval: `${number}s` }[];
  }
>;

/** Traefik 3 */
export type ITLSOption = Resource<'traefik.io/v1alpha1', 'TLSOption', { minVersion: 'VersionTLS12' | 'VersionTLS13' }>;

type ServiceAccountRef = { name: string; namespace?: string };
/** External Secrets */
export type ISecretStore = Resource<
  'external-secrets.io/v1',
  'SecretStore',
  {
    provider:
      | { azurekv: { authType: 'WorkloadIdentity' | 'ManagedIdentity'; vaultUrl: string; serviceAccountRef: ServiceAccountRef } }
      | {
          vault: {
            server: string;
            path: string;
            version: 'v1' | 'v2';
            auth: { kubernetes: { mountPath: string; role: string; serviceAccountRef: ServiceAccountRef } };
          };
        };
  }
>;
export type IExternalSecret = Resource<
  'external-secrets.io/v1',
  'ExternalSecret',
  {
    refreshInterval: `${number}h`;
    secretStoreRef: { kind: 'SecretStore' | 'ClusterSecretStore'; name: string };
    target: { name: string; creationPolicy: 'Owner' };
    data?: { secretKey: string; remoteRef: { key: string; property?: string } }[];
    dataFrom?: { extract: { key: string } }[];
  }
>;
