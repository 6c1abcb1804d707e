// Reads a JSON list of manifests; prints one line for each fault that the generated validators find in a custom resource.
// Which of them are known is decided here: a kind without one is left to the schemas beside this file.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const KNOWN = {
    "gateway.networking.k8s.io/v1": "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1",
    "keda.sh/v1alpha1": "@kubernetes-models/keda/keda.sh/v1alpha1",
    "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
    // The newest that the package has; of the fields that we use, v1 differs in none.
    "external-secrets.io/v1": "@kubernetes-models/external-secrets/external-secrets.io/v1beta1",
};

for (const manifest of JSON.parse(readFileSync(0, "utf8"))) {
    const name = KNOWN[manifest.apiVersion];
    if (!name) continue;
    let Model;
    try {
        const file = `${process.argv[2]}/node_modules/${name}/${manifest.kind}.js`;
        const module = await import(pathToFileURL(file));
        Model = module[manifest.kind] ?? module.default[manifest.kind];
    } catch {
        console.log(`${manifest.kind}/${manifest.metadata.name}: ${manifest.apiVersion} has no such kind`);
        continue;
    }
    try {
        const model = new Model({ ...manifest, apiVersion: undefined });
        model.apiVersion = new Model().apiVersion;
        model.validate();
    } catch (error) {
        console.log(`${manifest.kind}/${manifest.metadata.name}: ${error.message}`);
    }
}
