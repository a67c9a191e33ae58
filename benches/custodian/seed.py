"""Fills a moto server for `compare.py`: ENDPOINT IMAGES PARTNER REGION...

Of each Region's images one in ten runs, one in twenty is in a launch template, one in forty is shared with the partner and
one in a hundred is public; as many snapshots again as a twentieth of the images belong to none.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import boto3


def fill(endpoint, images, partner, region):
    ec2 = boto3.client("ec2", region_name=region, endpoint_url=endpoint)
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    volume = ec2.create_volume(Size=1, AvailabilityZone=zone)["VolumeId"]
    for number in range(images):
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        mapping = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": snapshot}}]
        image = ec2.register_image(Name=f"app-{number}", RootDeviceName="/dev/sda1", BlockDeviceMappings=mapping)["ImageId"]
        if number % 10 == 0:
            ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")
        if number % 20 == 1:
            ec2.create_launch_template(LaunchTemplateName=f"lt-{number}", LaunchTemplateData={"ImageId": image})
        if number % 40 == 2:
            ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": partner}]})
        if number % 100 == 3:
            ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})
        if number % 20 == 4:
            ec2.create_snapshot(VolumeId=volume)


def main():
    endpoint, images, partner, *regions = sys.argv[1:]
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(fill, endpoint, int(images), partner, region) for region in regions]:
            done.result()


main()
