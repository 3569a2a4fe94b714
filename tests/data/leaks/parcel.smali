# an object with a field goes through a parcel
# expect: device id > sms

.class public Lsample/Main;
.super Landroid/app/Activity;

.field public static phone:Landroid/telephony/TelephonyManager;

.method public constructor <init>()V
    .registers 1
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method

.method public onCreate(Landroid/os/Bundle;)V
    .registers 12
    sget-object v0, Lsample/Main;->phone:Landroid/telephony/TelephonyManager;
    invoke-virtual {v0}, Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;
    move-result-object v0
    new-instance v1, Lsample/Box;
    invoke-direct {v1}, Lsample/Box;-><init>()V
    new-instance v2, Lsample/Box;
    invoke-direct {v2}, Lsample/Box;-><init>()V
    invoke-virtual {v1, v0}, Lsample/Box;->set(Ljava/lang/String;)Lsample/Box;
    move-result-object v1
    invoke-static {}, Landroid/os/Parcel;->obtain()Landroid/os/Parcel;
    move-result-object v3
    invoke-virtual {v3, v1}, Landroid/os/Parcel;->writeValue(Ljava/lang/Object;)V
    const/4 v4, 0x0
    invoke-virtual {v3, v4}, Landroid/os/Parcel;->readValue(Ljava/lang/ClassLoader;)Ljava/lang/Object;
    move-result-object v1
    check-cast v1, Lsample/Box;
    invoke-virtual {v1}, Lsample/Box;->get()Ljava/lang/String;
    move-result-object v0
    invoke-static {v0}, Lsample/Out;->send(Ljava/lang/String;)V
    return-void
.end method

.class public Lsample/Box;
.super Ljava/lang/Object;

.field private kept:Ljava/lang/String;

.method public constructor <init>()V
    .registers 1
    invoke-direct {p0}, Ljava/lang/Object;-><init>()V
    return-void
.end method

.method public get()Ljava/lang/String;
    .registers 2
    iget-object v0, p0, Lsample/Box;->kept:Ljava/lang/String;
    return-object v0
.end method

.method public set(Ljava/lang/String;)Lsample/Box;
    .registers 2
    iput-object p1, p0, Lsample/Box;->kept:Ljava/lang/String;
    return-object p0
.end method

.class public Lsample/Out;
.super Ljava/lang/Object;

.method public static send(Ljava/lang/String;)V
    .registers 8
    invoke-static {}, Landroid/telephony/SmsManager;->getDefault()Landroid/telephony/SmsManager;
    move-result-object v0
    const-string v1, "5550100"
    const/4 v2, 0x0
    move-object v3, p0
    const/4 v4, 0x0
    const/4 v5, 0x0
    invoke-virtual/range {v0 .. v5}, Landroid/telephony/SmsManager;->sendTextMessage(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;Landroid/app/PendingIntent;Landroid/app/PendingIntent;)V
    return-void
.end method
