import AgentHardware
import ClusterTypes
import Testing

@Suite("Documents of metadata services")
struct CloudInstanceTests {
    @Test("each cloud's document says which instance it is")
    func documents() throws {
        let aws = try #require(
            CloudInstance(
                .aws,
                parsing: """
                    {"accountId": "1", "instanceId": "i-0a", "instanceType": "p4d.24xlarge",
                     "region": "us-east-1", "availabilityZone": "us-east-1a", "kernelId": null}
                    """))
        #expect(
            aws.labels.map(\.description) == [
                "cloud=aws", "cloud-instance=i-0a", "cloud-type=p4d.24xlarge", "cloud-region=us-east-1",
                "cloud-zone=us-east-1a",
            ])
        let gcp = try #require(
            CloudInstance(
                .gcp,
                parsing: """
                    {"id": 4211111111111111111, "name": "gpu-7", "zone": "projects/12/zones/europe-west4-b",
                     "machineType": "projects/12/machineTypes/a2-highgpu-8g",
                     "scheduling": {"preemptible": "TRUE"}}
                    """))
        #expect(gcp.id == "gpu-7")
        #expect(gcp.type == "a2-highgpu-8g")
        #expect(gcp.zone == "europe-west4-b")
        #expect(gcp.region == "europe-west4")
        #expect(gcp.isSpot == true)
        let azure = try #require(
            CloudInstance(
                .azure,
                parsing: """
                    {"compute": {"vmId": "02aab8a4", "vmSize": "Standard_ND96", "location": "westeurope",
                     "zone": "", "priority": "Spot"}, "network": {}}
                    """))
        #expect(azure.id == "02aab8a4")
        #expect(azure.region == "westeurope")
        #expect(azure.zone == nil)
        #expect(azure.isSpot == true)
        let stack = try #require(
            CloudInstance(
                .openstack, parsing: #"{"uuid": "d8e0", "name": "n1", "availability_zone": "nova"}"#))
        #expect(
            stack.labels.map(\.description) == [
                "cloud=openstack", "cloud-instance=d8e0", "cloud-zone=nova",
            ])
    }

    @Test(
        "what is no document says nothing",
        arguments: ["", "404 page not found", "<html></html>", "{}", #"{"instanceId": "a\u0000b"}"#, "[1]"])
    func noDocument(text: String) {
        for provider in CloudInstance.Provider.allCases {
            #expect(CloudInstance(provider, parsing: text) == nil)
        }
    }
}
